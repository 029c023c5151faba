//! Reference policy allocation-fairshare
