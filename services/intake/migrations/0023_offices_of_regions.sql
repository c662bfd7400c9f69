-- Each zone is shown with the offices of its region.
CREATE INDEX office_of_region ON office (region);
