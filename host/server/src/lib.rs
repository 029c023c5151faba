//! Signalbox: a governed policy host for omnichannel retail decisions
