//! Advanced error reporting.

use linux_support::device::pci::configuration::*;

use crate::compared::{Compared, hexadecimal};

impl Compared<'_> {
    pub(crate) fn errors(&mut self, body: &[String], errors: &ErrorReporting) {
        let mut label = "";
        for line in &body[1..] {
            let mut text = line.as_str();
            if let Some((name, rest)) = line.split_once(':') {
                (label, text) = (name, rest);
            }
            match label {
                "UESta" | "UEMsk" | "UESvrt" => {
                    let set = match label {
                        "UESta" => errors.uncorrectable,
                        "UEMsk" => errors.uncorrectable_masked,
                        _ => errors.uncorrectable_fatal,
                    };
                    let is = |flag| set.contains(flag);
                    self.flags(
                        text,
                        &[
                            ("DLP", is(UncorrectableErrors::DATA_LINK_PROTOCOL)),
                            ("SDES", is(UncorrectableErrors::SURPRISE_DOWN)),
                            ("TLP", is(UncorrectableErrors::POISONED)),
                            ("FCP", is(UncorrectableErrors::FLOW_CONTROL)),
                            ("CmpltTO", is(UncorrectableErrors::COMPLETION_TIMEOUT)),
                            ("CmpltAbrt", is(UncorrectableErrors::COMPLETER_ABORT)),
                            ("UnxCmplt", is(UncorrectableErrors::UNEXPECTED_COMPLETION)),
                            ("RxOF", is(UncorrectableErrors::RECEIVER_OVERFLOW)),
                            ("MalfTLP", is(UncorrectableErrors::MALFORMED)),
                            ("ECRC", is(UncorrectableErrors::CHECKSUM)),
                            ("UnsupReq", is(UncorrectableErrors::UNSUPPORTED_REQUEST)),
                            ("ACSViol", is(UncorrectableErrors::ACCESS_CONTROL)),
                        ],
                    );
                }
                "CESta" | "CEMsk" => {
                    let set = if label == "CESta" { errors.correctable } else { errors.correctable_masked };
                    let is = |flag| set.contains(flag);
                    self.flags(
                        text,
                        &[
                            ("RxErr", is(CorrectableErrors::RECEIVER)),
                            ("BadTLP", is(CorrectableErrors::BAD_TRANSACTION)),
                            ("BadDLLP", is(CorrectableErrors::BAD_DATA_LINK)),
                            ("Rollover", is(CorrectableErrors::REPLAY_ROLLOVER)),
                            ("Timeout", is(CorrectableErrors::REPLAY_TIMEOUT)),
                            ("NonFatalErr", is(CorrectableErrors::ADVISORY_NONFATAL)),
                            ("AdvNonFatalErr", is(CorrectableErrors::ADVISORY_NONFATAL)),
                        ],
                    );
                }
                "AERCap" => {
                    self.hexadecimal(text, "First Error Pointer:", errors.first_error.into());
                    let is = |flag| errors.control.contains(flag);
                    self.flags(
                        text,
                        &[
                            ("ECRCGenCap", is(ErrorControl::CHECKSUM_GENERATION_CAPABLE)),
                            ("GenCap", is(ErrorControl::CHECKSUM_GENERATION_CAPABLE)),
                            ("ECRCGenEn", is(ErrorControl::CHECKSUM_GENERATION)),
                            ("CGenEn", is(ErrorControl::CHECKSUM_GENERATION)),
                            ("ECRCChkCap", is(ErrorControl::CHECKSUM_CHECK_CAPABLE)),
                            ("ChkCap", is(ErrorControl::CHECKSUM_CHECK_CAPABLE)),
                            ("ECRCChkEn", is(ErrorControl::CHECKSUM_CHECK)),
                            ("ChkEn", is(ErrorControl::CHECKSUM_CHECK)),
                            ("MultHdrRecCap", is(ErrorControl::MULTIPLE_HEADERS_CAPABLE)),
                            ("MultHdrRecEn", is(ErrorControl::MULTIPLE_HEADERS)),
                            ("TLPPfxPres", is(ErrorControl::PREFIX_PRESENT)),
                            ("HdrLogCap", is(ErrorControl::TIMEOUT_HEADER_CAPABLE)),
                        ],
                    );
                }
                "HeaderLog" if !text.is_empty() => {
                    let expected: Vec<_> = text.split_whitespace().filter_map(hexadecimal).collect();
                    self.check("header log", errors.header_log.map(u64::from).to_vec(), expected);
                }
                "RootCmd" | "RootSta" | "ErrorSrc" => {
                    let Some(root) = errors.root else { return self.check("root errors", false, true) };
                    let command = |flag| root.command.contains(flag);
                    let status = |flag| root.status.contains(flag);
                    self.flags(
                        text,
                        &[
                            ("CERptEn", command(RootErrorCommand::CORRECTABLE)),
                            ("NFERptEn", command(RootErrorCommand::NONFATAL)),
                            ("FERptEn", command(RootErrorCommand::FATAL)),
                            ("CERcvd", status(RootErrorStatus::CORRECTABLE)),
                            ("MultCERcvd", status(RootErrorStatus::MULTIPLE_CORRECTABLE)),
                            ("UERcvd", status(RootErrorStatus::UNCORRECTABLE)),
                            ("MultUERcvd", status(RootErrorStatus::MULTIPLE_UNCORRECTABLE)),
                            ("FirstFatal", status(RootErrorStatus::FIRST_FATAL)),
                            ("NonFatalMsg", status(RootErrorStatus::NONFATAL)),
                            ("FatalMsg", status(RootErrorStatus::FATAL)),
                        ],
                    );
                    self.number(text, "IntMsg", root.interrupt_message.into());
                    self.hexadecimal(text, "ERR_COR:", root.correctable_source.into());
                    self.hexadecimal(text, "ERR_FATAL/NONFATAL:", root.uncorrectable_source.into());
                }
                _ => {}
            }
        }
    }
}
