//! Questions that nobody should ask: refused or denied with a reason, never a panic, and soon.
