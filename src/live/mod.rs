//! What the account holds, in our words: machines, template groups, offers, and the mark we leave on them.
