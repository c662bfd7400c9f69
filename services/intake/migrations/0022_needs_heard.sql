-- Which visits of a cadre have needs, to list those that are no petition yet (V4).
CREATE INDEX events_needs_heard ON events ((data->>'cadre'), time)
    WHERE type IN ('lianxin.visit.logged.v1', 'lianxin.visit.corrected.v1') AND json_array_length(data->'needs') > 0;
