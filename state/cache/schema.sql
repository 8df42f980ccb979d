CREATE TABLE kv (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Rows as they came. A pull writes a new generation and swaps it in at its end.
CREATE TABLE pulls (data TEXT PRIMARY KEY, gen INTEGER NOT NULL, source TEXT NOT NULL, broken INTEGER NOT NULL, duplicate INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE rows (
  data TEXT NOT NULL, gen INTEGER NOT NULL, seq INTEGER NOT NULL,
  key TEXT NOT NULL, grp TEXT NOT NULL, pos TEXT NOT NULL, hash BLOB NOT NULL, json BLOB NOT NULL,
  PRIMARY KEY (data, gen, seq)
) WITHOUT ROWID;
CREATE INDEX rows_by_key ON rows (data, gen, key);
CREATE INDEX rows_by_group ON rows (data, gen, grp, seq) WHERE grp != '';
CREATE TABLE owners (data TEXT NOT NULL, gen INTEGER NOT NULL, owner TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (data, gen, owner, seq)) WITHOUT ROWID;
CREATE TABLE broken (data TEXT NOT NULL, gen INTEGER NOT NULL, seq INTEGER NOT NULL, pos TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (data, gen, seq)) WITHOUT ROWID;

CREATE TABLE wants (owner TEXT NOT NULL, key TEXT NOT NULL, json BLOB NOT NULL, PRIMARY KEY (owner, key)) WITHOUT ROWID;

-- The live mirror. gen tells what the last full sweep showed.
CREATE TABLE live (
  kind TEXT NOT NULL, id TEXT NOT NULL, gen INTEGER NOT NULL, missing INTEGER NOT NULL, json BLOB NOT NULL,
  PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE TABLE live_keys (kind TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (kind, field, value, id)) WITHOUT ROWID;
CREATE INDEX live_keys_by_id ON live_keys (kind, id);

CREATE TABLE outcomes (
  owner TEXT NOT NULL, key TEXT NOT NULL, action TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL,
  into_owner TEXT NOT NULL, into_key TEXT NOT NULL, reason TEXT NOT NULL, cause TEXT NOT NULL,
  PRIMARY KEY (owner, key)
) WITHOUT ROWID;
