-- What waits in the whole county is counted by month (A10).
CREATE INDEX case_of_month ON case_fact (month);
