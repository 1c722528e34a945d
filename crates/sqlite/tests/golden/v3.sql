-- A registry in tables of version 3, as the library of that version wrote it.
PRAGMA application_id = 0x4D747263;
PRAGMA user_version = 3;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE registry (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    clock INTEGER,
    head BLOB,
    archived INTEGER NOT NULL DEFAULT 0,
    erased INTEGER NOT NULL DEFAULT 0,
    unclean INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO registry VALUES(1,3,1778824800000,X'320debd5db8377cb70520a2904978d829c5ff321134def3306ca19c4c711184f',0,3,0);
CREATE TABLE site (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    zone TEXT NOT NULL,
    closed INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO site VALUES(0,'primary','Primary site','UTC',0);
INSERT INTO site VALUES(1,'za','za','Africa/Johannesburg',0);
INSERT INTO site VALUES(2,'old','old','UTC',1);
CREATE TABLE attribute (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('text', 'integer', 'decimal', 'boolean', 'date', 'timestamp', 'choice', 'multi_choice', 'user', 'path')),
    name TEXT,
    site_id INTEGER REFERENCES site,
    definition TEXT NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO attribute VALUES(0,'department','text',NULL,NULL,'{"id":0,"key":"department","type":"text","ignore_case":true,"sensitivity":"internal"}',0);
INSERT INTO attribute VALUES(1,'country','choice',NULL,NULL,'{"id":1,"key":"country","type":"choice","options":[],"sensitivity":"internal"}',0);
INSERT INTO attribute VALUES(2,'skills','multi_choice',NULL,NULL,'{"id":2,"key":"skills","type":"multi_choice","options":[],"sensitivity":"internal"}',0);
INSERT INTO attribute VALUES(3,'manager','user',NULL,NULL,'{"id":3,"key":"manager","type":"user","sensitivity":"internal"}',0);
INSERT INTO attribute VALUES(4,'rate','decimal',NULL,NULL,'{"id":4,"key":"rate","type":"decimal","sensitivity":"internal","deleted":true}',1);
CREATE TABLE attribute_option (
    attribute_id INTEGER NOT NULL REFERENCES attribute,
    id INTEGER NOT NULL,
    key TEXT NOT NULL,
    name TEXT,
    retired INTEGER NOT NULL,
    PRIMARY KEY (attribute_id, id)
) STRICT, WITHOUT ROWID;
INSERT INTO attribute_option VALUES(1,0,'ZA',NULL,0);
INSERT INTO attribute_option VALUES(1,1,'DE',NULL,0);
INSERT INTO attribute_option VALUES(2,0,'go',NULL,0);
INSERT INTO attribute_option VALUES(2,1,'sql',NULL,0);
CREATE TABLE user (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    created INTEGER NOT NULL
, a0 TEXT, f0 TEXT, a1 INTEGER, a3 INTEGER) STRICT;
INSERT INTO user VALUES(0,'ann','active',1768032000000,'Sales','sales',1,NULL);
INSERT INTO user VALUES(1,'bob','active',1768032000000,'IT','it',NULL,0);
INSERT INTO user VALUES(2,'cy','active',1768032000000,NULL,NULL,0,NULL);
INSERT INTO user VALUES(3,'erased:3','erased',1768032000000,NULL,NULL,NULL,NULL);
CREATE TABLE user_option (
    user_id INTEGER NOT NULL,
    attribute_id INTEGER NOT NULL,
    option_id INTEGER NOT NULL,
    PRIMARY KEY (user_id, attribute_id, option_id)
) STRICT, WITHOUT ROWID;
INSERT INTO user_option VALUES(0,2,0);
INSERT INTO user_option VALUES(0,2,1);
CREATE TABLE site_member (
    user_id INTEGER NOT NULL,
    site_id INTEGER NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (user_id, site_id)
) STRICT, WITHOUT ROWID;
INSERT INTO site_member VALUES(0,0,'active');
INSERT INTO site_member VALUES(1,0,'active');
INSERT INTO site_member VALUES(2,0,'active');
CREATE TABLE course (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    site_id INTEGER NOT NULL REFERENCES site,
    archived INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO course VALUES(0,'gdpr','gdpr',0,0);
INSERT INTO course VALUES(1,'safety','safety',0,1);
INSERT INTO course VALUES(2,'welcome','welcome',1,0);
CREATE TABLE segment (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    site_id INTEGER REFERENCES site,
    rule TEXT,
    rule_text TEXT,
    state TEXT NOT NULL,
    owner TEXT,
    description TEXT,
    sql_rows INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO segment VALUES(0,'sales','sales',NULL,'{"compare":{"field":0,"comparison":"==","with":{"value":{"text":"Sales"}}}}','user.department == "Sales"','active',NULL,NULL,0,0);
INSERT INTO segment VALUES(1,'germans','germans',NULL,'{"compare":{"field":1,"comparison":"==","with":{"value":{"choice":1}}}}','user.country == "DE"','paused',NULL,NULL,0,0);
INSERT INTO segment VALUES(2,'hand','hand',NULL,NULL,NULL,'active',NULL,NULL,1,0);
INSERT INTO segment VALUES(3,'gone','gone',NULL,NULL,NULL,'draft',NULL,NULL,0,1);
CREATE TABLE segment_pin (
    segment_id INTEGER NOT NULL REFERENCES segment,
    user_id INTEGER NOT NULL,
    PRIMARY KEY (segment_id, user_id)
) STRICT, WITHOUT ROWID;
INSERT INTO segment_pin VALUES(2,2);
CREATE TABLE segment_ban (
    segment_id INTEGER NOT NULL REFERENCES segment,
    user_id INTEGER NOT NULL,
    PRIMARY KEY (segment_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE segment_members (
    segment_id INTEGER NOT NULL REFERENCES segment,
    part INTEGER NOT NULL,
    members BLOB NOT NULL,
    PRIMARY KEY (segment_id, part)
) STRICT, WITHOUT ROWID;
INSERT INTO segment_members VALUES(0,0,X'3a3000000100000000000000100000000000');
INSERT INTO segment_members VALUES(1,0,X'3a3000000100000000000000100000000000');
INSERT INTO segment_members VALUES(2,0,X'3a3000000100000000000000100000000200');
CREATE TABLE segment_frozen (
    segment_id INTEGER NOT NULL REFERENCES segment,
    part INTEGER NOT NULL,
    members BLOB NOT NULL,
    PRIMARY KEY (segment_id, part)
) STRICT, WITHOUT ROWID;
INSERT INTO segment_frozen VALUES(1,0,X'3a3000000100000000000000100000000000');
CREATE TABLE segment_row (
    segment_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    PRIMARY KEY (segment_id, user_id)
) STRICT, WITHOUT ROWID;
INSERT INTO segment_row VALUES(2,2);
CREATE TABLE enrolment_rule (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    segment_id INTEGER NOT NULL REFERENCES segment,
    on_leave TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    role TEXT NOT NULL DEFAULT 'learner',
    acts_from INTEGER,
    acts_until INTEGER,
    due_on TEXT,
    due_after INTEGER,
    deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO enrolment_rule VALUES(0,'s','s',0,'suspend',1,'instructor',NULL,NULL,NULL,30,0);
INSERT INTO enrolment_rule VALUES(1,'g','g',1,'keep',1,'learner',NULL,NULL,NULL,NULL,0);
CREATE TABLE enrolment_rule_course (
    rule_id INTEGER NOT NULL REFERENCES enrolment_rule,
    position INTEGER NOT NULL,
    course_id INTEGER NOT NULL REFERENCES course,
    PRIMARY KEY (rule_id, position)
) STRICT, WITHOUT ROWID;
INSERT INTO enrolment_rule_course VALUES(0,0,0);
INSERT INTO enrolment_rule_course VALUES(1,0,1);
CREATE TABLE enrolment (
    user_id INTEGER NOT NULL,
    course_id INTEGER NOT NULL,
    status TEXT NOT NULL,
    since INTEGER NOT NULL,
    suspended_by_hand INTEGER,
    PRIMARY KEY (user_id, course_id)
) STRICT, WITHOUT ROWID;
INSERT INTO enrolment VALUES(0,0,'active',1768032000000,NULL);
INSERT INTO enrolment VALUES(0,1,'active',1768032000000,NULL);
INSERT INTO enrolment VALUES(1,0,'suspended',1768032000000,NULL);
INSERT INTO enrolment VALUES(2,0,'suspended',1769949000250,1778824800000);
INSERT INTO enrolment VALUES(3,0,'active',1769949000250,NULL);
INSERT INTO enrolment VALUES(3,1,'active',1768032000000,NULL);
CREATE TABLE enrolment_reason (
    user_id INTEGER NOT NULL,
    course_id INTEGER NOT NULL,
    rule_id INTEGER NOT NULL,
    state TEXT NOT NULL,
    since INTEGER NOT NULL,
    due TEXT,
    PRIMARY KEY (user_id, course_id, rule_id)
) STRICT, WITHOUT ROWID;
INSERT INTO enrolment_reason VALUES(0,0,0,'in_force',1768032000000,'2026-02-09');
INSERT INTO enrolment_reason VALUES(0,1,1,'in_force',1768032000000,NULL);
INSERT INTO enrolment_reason VALUES(1,0,0,'suspended',1768032000000,'2026-02-09');
INSERT INTO enrolment_reason VALUES(2,0,-2,'in_force',1769949000250,NULL);
INSERT INTO enrolment_reason VALUES(3,0,-2,'in_force',1769949000250,NULL);
INSERT INTO enrolment_reason VALUES(3,1,1,'in_force',1768032000000,NULL);
CREATE TABLE course_record (
    user_id INTEGER NOT NULL,
    course_id INTEGER NOT NULL,
    completed INTEGER,
    score INTEGER,
    PRIMARY KEY (user_id, course_id)
) STRICT, WITHOUT ROWID;
INSERT INTO course_record VALUES(0,0,0,825000);
CREATE TABLE guard (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    percent INTEGER NOT NULL,
    count INTEGER NOT NULL,
    enabled INTEGER NOT NULL
) STRICT;
INSERT INTO guard VALUES(1,20,5,1);
CREATE TABLE journal (
    revision INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    author TEXT,
    actor_id INTEGER,
    note TEXT NOT NULL,
    idempotency TEXT UNIQUE,
    asked BLOB,
    losses TEXT,
    salt BLOB,
    mark INTEGER,
    commitment BLOB,
    hash BLOB,
    key BLOB,
    CHECK ((author IS NULL) <> (actor_id IS NULL)),
    CHECK ((idempotency IS NULL) = (asked IS NULL))
) STRICT;
INSERT INTO journal VALUES(1,1768032000000,'hr',NULL,'a note',NULL,NULL,NULL,X'9e3779b97f4a7c15f39cc0605cedc835',4261735771,NULL,X'674066641285ef39560e3aa8d3ab84d5e73b2a7ef49205bc08a8a58d8dcf4ec8',NULL);
INSERT INTO journal VALUES(2,1769949000250,'hr',NULL,'a note',NULL,NULL,NULL,X'f1bbcdcbfa53e0af9ce60302e76e41a8',664121106,NULL,X'e2d54df9522c3b473bf36d5069e8bc62f06a34658bb543677aa9d97cda8a47d1',NULL);
INSERT INTO journal VALUES(3,1778824800000,'hr',NULL,'a note',NULL,NULL,'{"by_site":[{"enrolments":2,"users":1},{"site":0,"enrolments":2,"users":1}]}',X'8ff34785799e5cc59082c363445c09dd',2254442354,NULL,X'320debd5db8377cb70520a2904978d829c5ff321134def3306ca19c4c711184f',NULL);
CREATE TABLE journal_entry (
    revision INTEGER NOT NULL,
    position INTEGER NOT NULL,
    user_id INTEGER,
    entry TEXT NOT NULL,
    salt BLOB,
    mark INTEGER,
    commitment BLOB,
    PRIMARY KEY (revision, position)
) STRICT, WITHOUT ROWID;
INSERT INTO journal_entry VALUES(1,0,NULL,'{"site":[1,{"key":"za","name":"za","zone":"Africa/Johannesburg"}]}',NULL,1423834618,NULL);
INSERT INTO journal_entry VALUES(1,1,NULL,'{"site":[2,{"key":"old","name":"old","zone":"UTC"}]}',NULL,2053409068,NULL);
INSERT INTO journal_entry VALUES(1,2,NULL,'{"attribute":{"id":0,"key":"department","type":"text","ignore_case":true,"sensitivity":"internal"}}',NULL,1592995677,NULL);
INSERT INTO journal_entry VALUES(1,3,NULL,'{"attribute":{"id":1,"key":"country","type":"choice","options":[{"key":"ZA"},{"key":"DE"}],"sensitivity":"internal"}}',NULL,1661031155,NULL);
INSERT INTO journal_entry VALUES(1,4,NULL,'{"attribute":{"id":2,"key":"skills","type":"multi_choice","options":[{"key":"go"},{"key":"sql"}],"sensitivity":"internal"}}',NULL,167879775,NULL);
INSERT INTO journal_entry VALUES(1,5,NULL,'{"attribute":{"id":3,"key":"manager","type":"user","sensitivity":"internal"}}',NULL,1671387241,NULL);
INSERT INTO journal_entry VALUES(1,6,NULL,'{"attribute":{"id":4,"key":"rate","type":"decimal","sensitivity":"internal"}}',NULL,293578962,NULL);
INSERT INTO journal_entry VALUES(1,7,NULL,'{"course":[0,{"key":"gdpr","name":"gdpr","site":0}]}',NULL,612158592,NULL);
INSERT INTO journal_entry VALUES(1,8,NULL,'{"course":[1,{"key":"safety","name":"safety","site":0}]}',NULL,2344942298,NULL);
INSERT INTO journal_entry VALUES(1,9,NULL,'{"course":[2,{"key":"welcome","name":"welcome","site":1}]}',NULL,2195776267,NULL);
INSERT INTO journal_entry VALUES(1,10,NULL,'{"segment":[0,{"key":"sales","name":"sales","site":null,"rule":{"compare":{"field":0,"comparison":"==","with":{"value":{"text":"Sales"}}}},"state":"active"}]}',NULL,961471144,NULL);
INSERT INTO journal_entry VALUES(1,11,NULL,'{"segment":[1,{"key":"germans","name":"germans","site":null,"rule":{"compare":{"field":1,"comparison":"==","with":{"value":{"choice":1}}}},"state":"active"}]}',NULL,3638185160,NULL);
INSERT INTO journal_entry VALUES(1,12,NULL,'{"segment":[2,{"key":"hand","name":"hand","site":null,"state":"active","sql_rows":true}]}',NULL,2914327928,NULL);
INSERT INTO journal_entry VALUES(1,13,NULL,'{"segment":[3,{"key":"gone","name":"gone","site":null,"state":"active"}]}',NULL,1830037909,NULL);
INSERT INTO journal_entry VALUES(1,14,NULL,'{"enrolment_rule":[0,{"key":"s","name":"s","segment":0,"courses":[0],"on_leave":"suspend","enabled":true,"role":"instructor","due":{"after":30}}]}',NULL,2683150385,NULL);
INSERT INTO journal_entry VALUES(1,15,NULL,'{"enrolment_rule":[1,{"key":"g","name":"g","segment":1,"courses":[1],"on_leave":"keep","enabled":true}]}',NULL,3226822122,NULL);
INSERT INTO journal_entry VALUES(1,16,0,'{"user":{"id":0,"key":"ann","values":[[0,{"text":"Sales"}],[1,{"choice":1}],[2,{"choices":[0,1]}],[4,{"decimal":"1.5"}]],"sites":[[0,"active"]]}}',X'3c6ef372fe94f82be73980c0b9db906a',3351719911,NULL);
INSERT INTO journal_entry VALUES(1,17,1,'{"user":{"id":1,"key":"bob","values":[[0,{"text":"SALES"}],[3,{"user":0}]],"sites":[[0,"active"]]}}',X'daa66d2c7ddf7441dad6412116c9589f',3977691573,NULL);
INSERT INTO journal_entry VALUES(1,18,2,'{"user":{"id":2,"key":"cy","values":[[1,{"choice":0}]],"sites":[[0,"active"]]}}',X'78dde6e5fd29f057ce73018173b720d4',2866394388,NULL);
INSERT INTO journal_entry VALUES(1,19,3,'{"erased":{"user":3,"was":"created"}}',NULL,NULL,X'0d9e819bdd8d8103c652b8fe2c5225ed6ebd2518aeae3ee370427c078ba7baca');
INSERT INTO journal_entry VALUES(1,20,2,'{"exception":{"segment":2,"user":2,"exception":"pinned"}}',X'b54cda58fbbee883b5ac82422d92b13e',1600822101,NULL);
INSERT INTO journal_entry VALUES(1,21,3,'{"erased":{"user":3,"was":"decided"}}',NULL,NULL,X'03e1683cd73807f4096280e08af8809f001c225ea1700b5c3e7e19e133dd884d');
INSERT INTO journal_entry VALUES(2,0,NULL,'{"guard":{"percent":20,"count":5,"enabled":true}}',NULL,22101575,NULL);
INSERT INTO journal_entry VALUES(2,1,NULL,'{"segment":[3,{"key":"gone","name":"gone","site":null,"state":"draft","deleted":true}]}',NULL,1890439615,NULL);
INSERT INTO journal_entry VALUES(2,2,NULL,'{"attribute":{"id":4,"key":"rate","type":"decimal","sensitivity":"internal","deleted":true}}',NULL,4180110361,NULL);
INSERT INTO journal_entry VALUES(2,3,NULL,'{"course":[1,{"key":"safety","name":"safety","site":0,"archived":true}]}',NULL,3579843571,NULL);
INSERT INTO journal_entry VALUES(2,4,NULL,'{"site":[2,{"key":"old","name":"old","zone":"UTC","closed":true}]}',NULL,1294762886,NULL);
INSERT INTO journal_entry VALUES(3,0,1,'{"user":{"id":1,"values":[[0,{"text":"IT"}]]}}',X'2e2ac13ef8e8d8db841f83c3a149d212',3350894239,NULL);
INSERT INTO journal_entry VALUES(3,1,0,'{"record":{"user":0,"course":0,"completed":0,"score":"0.825"}}',X'cc623af8783354f177bc4423fe379a47',4146952119,NULL);
INSERT INTO journal_entry VALUES(3,2,NULL,'{"segment":[1,{"key":"germans","name":"germans","site":null,"rule":{"compare":{"field":1,"comparison":"==","with":{"value":{"choice":1}}}},"state":"paused"}]}',NULL,2502454911,NULL);
INSERT INTO journal_entry VALUES(3,3,3,'{"erase":3}',X'6a99b4b1f77dd1076b5904845b25627c',456191544,NULL);
CREATE TABLE journal_fact (
    revision INTEGER NOT NULL,
    position INTEGER NOT NULL,
    moment INTEGER NOT NULL,
    at INTEGER NOT NULL,
    fact TEXT NOT NULL,
    segment_id INTEGER,
    course_id INTEGER,
    rule_id INTEGER,
    due TEXT,
    users BLOB NOT NULL,
    PRIMARY KEY (revision, position)
) STRICT, WITHOUT ROWID;
INSERT INTO journal_fact VALUES(1,0,0,1768032000000,'joined',0,NULL,NULL,NULL,X'3a30000001000000000001001000000000000100');
INSERT INTO journal_fact VALUES(1,1,0,1768032000000,'left',0,NULL,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(1,2,0,1768032000000,'joined',1,NULL,NULL,NULL,X'3a30000001000000000001001000000000000300');
INSERT INTO journal_fact VALUES(1,3,0,1768032000000,'left',1,NULL,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(1,4,0,1768032000000,'joined',2,NULL,NULL,NULL,X'3a3000000100000000000000100000000200');
INSERT INTO journal_fact VALUES(1,5,0,1768032000000,'left',2,NULL,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(1,6,0,1768032000000,'enrolled',NULL,0,0,'2026-02-09',X'3a30000001000000000001001000000000000100');
INSERT INTO journal_fact VALUES(1,7,0,1768032000000,'enrolled',NULL,1,1,NULL,X'3a30000001000000000001001000000000000300');
INSERT INTO journal_fact VALUES(2,0,0,1769949000250,'enrolled',NULL,0,-2,NULL,X'3a30000001000000000001001000000002000300');
INSERT INTO journal_fact VALUES(3,0,0,1778824800000,'joined',0,NULL,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(3,1,0,1778824800000,'left',0,NULL,NULL,NULL,X'3a3000000100000000000000100000000100');
INSERT INTO journal_fact VALUES(3,2,0,1778824800000,'joined',1,NULL,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(3,3,0,1778824800000,'left',1,NULL,NULL,NULL,X'3a3000000100000000000000100000000300');
INSERT INTO journal_fact VALUES(3,4,0,1778824800000,'suspended_by_hand',NULL,0,-1,NULL,X'3a3000000100000000000000100000000200');
INSERT INTO journal_fact VALUES(3,5,0,1778824800000,'suspended',NULL,0,0,NULL,X'3a3000000100000000000000100000000100');
CREATE TABLE journal_start (
    position INTEGER PRIMARY KEY,
    user_id INTEGER,
    line TEXT NOT NULL
) STRICT;
CREATE TABLE cache_image (
    revision INTEGER PRIMARY KEY,
    format TEXT NOT NULL,
    chunks BLOB NOT NULL
) STRICT;
CREATE TABLE cache_chunk (
    id INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX attribute_by_key ON attribute (key) WHERE deleted = 0;
CREATE INDEX user_option_by_option ON user_option (attribute_id, option_id);
CREATE UNIQUE INDEX segment_by_key ON segment (key) WHERE deleted = 0;
CREATE UNIQUE INDEX enrolment_rule_by_key ON enrolment_rule (key) WHERE deleted = 0;
CREATE INDEX enrolment_by_course ON enrolment (course_id);
CREATE INDEX course_record_by_course ON course_record (course_id);
CREATE INDEX journal_entry_by_user ON journal_entry (user_id) WHERE user_id IS NOT NULL;
CREATE VIEW due AS
SELECT r.user_id AS user_id, r.course_id AS course_id, min(r.due) AS due
FROM enrolment_reason r JOIN enrolment e ON e.user_id = r.user_id AND e.course_id = r.course_id
WHERE e.status = 'active' AND r.state = 'in_force' AND r.due IS NOT NULL
GROUP BY r.user_id, r.course_id;
CREATE VIEW enrolments AS
SELECT u.key AS user, c.key AS course, e.status AS status,
    strftime('%Y-%m-%dT%H:%M:%SZ', e.since / 1000, 'unixepoch') AS since,
    (SELECT min(r.due) FROM enrolment_reason r
     WHERE r.user_id = e.user_id AND r.course_id = e.course_id
        AND r.state = 'in_force' AND e.status = 'active') AS due,
    iif(e.suspended_by_hand IS NULL, '', 'suspended by hand; ') ||
    (SELECT group_concat(CASE
            WHEN r.rule_id = -1 THEN 'enrolled by hand'
            WHEN r.rule_id = -2 THEN 'enrolled in bulk'
            WHEN r.state = 'in_force' THEN 'rule ' || er.key || ': in segment ' || s.key
            WHEN r.state = 'kept' THEN 'rule ' || er.key || ': no longer applies, kept'
            ELSE 'rule ' || er.key || ': no longer applies, suspended'
        END, '; ')
     FROM enrolment_reason r
     LEFT JOIN enrolment_rule er ON er.id = r.rule_id
     LEFT JOIN segment s ON s.id = er.segment_id
     WHERE r.user_id = e.user_id AND r.course_id = e.course_id) AS why
FROM enrolment e JOIN user u ON u.id = e.user_id JOIN course c ON c.id = e.course_id;
CREATE VIEW segments AS
SELECT s.key AS key, s.name AS name, (SELECT i.key FROM site i WHERE i.id = s.site_id) AS site, s.state AS state,
    s.owner AS owner, s.description AS description, s.rule_text AS rule_text
FROM segment s WHERE +s.deleted = 0;
CREATE VIEW records AS
SELECT u.key AS user, c.key AS course,
    strftime('%Y-%m-%dT%H:%M:%fZ', r.completed / 1000.0, 'unixepoch') AS completed, r.score / 1000000.0 AS score
FROM course_record r JOIN user u ON u.id = r.user_id JOIN course c ON c.id = r.course_id;
CREATE VIEW commits AS
SELECT j.revision AS revision, strftime('%Y-%m-%dT%H:%M:%fZ', j.at / 1000.0, 'unixepoch') AS at,
    coalesce(j.author, (SELECT u.key FROM user u WHERE u.id = j.actor_id)) AS author, j.note AS note,
    j.idempotency AS idempotency
FROM journal j;
CREATE VIEW users AS SELECT u.id AS id, u.key AS key, u.status AS status, strftime('%Y-%m-%dT%H:%M:%fZ', u.created / 1000.0, 'unixepoch') AS created, u.a0 AS "department", (SELECT o.key FROM attribute_option o WHERE o.attribute_id = 1 AND o.id = u.a1) AS "country", (SELECT group_concat(key, '; ') FROM (SELECT o.key AS key FROM user_option x JOIN attribute_option o ON o.attribute_id = x.attribute_id AND o.id = x.option_id WHERE x.user_id = u.id AND x.attribute_id = 2 ORDER BY x.option_id)) AS "skills", (SELECT x.key FROM user x WHERE x.id = u.a3) AS "manager" FROM user u;
COMMIT;
