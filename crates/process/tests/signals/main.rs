//! Signals that are really sent and raised, most of them in a child, and what is told of them.

mod child;
mod disposition;
mod handler;
mod raised;
mod report;
mod send;
