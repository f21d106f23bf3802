/*
 * Debian builds LLVM's unwinder with the checks of _FORTIFY_SOURCE, which call a function of glibc that musl
 * does not have. Only what the unwinder prints before it gives up goes through it.
 */
#include <stdarg.h>
#include <stdio.h>

int __fprintf_chk(FILE *file, int flag, const char *format, ...)
{
	va_list arguments;
	int written;

	(void)flag;
	va_start(arguments, format);
	written = vfprintf(file, format, arguments);
	va_end(arguments);
	return written;
}
