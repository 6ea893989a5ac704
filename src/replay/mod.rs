//! Sending a recorded request again: plan, policy, signature, transport.
