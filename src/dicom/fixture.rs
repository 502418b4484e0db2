//! Synthetic DICOM files for tests.
