//! Where charts come from: folders and archives on disk.
