//! The columns of policy contract 1.0: encoding shared by host and SDK
