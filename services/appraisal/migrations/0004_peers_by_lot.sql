-- Of many cadres of one rank the same lot is drawn for everybody (A3): the first by the hash of their ids.
CREATE INDEX cadre_by_lot ON cadre (rank, md5(cadre));
DROP INDEX cadre_of_rank;
