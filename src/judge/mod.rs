//! Would the platform accept this answer?
