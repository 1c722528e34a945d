-- A registry in tables of version 2, as the library of that version wrote it.
PRAGMA application_id = 0x4D747263;
PRAGMA user_version = 2;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE registry (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    clock INTEGER
) STRICT;
INSERT INTO registry VALUES(1,3,1778824800000);
CREATE TABLE site (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    zone TEXT NOT NULL
) STRICT;
INSERT INTO site VALUES(0,'primary','Head office','Europe/Berlin');
INSERT INTO site VALUES(1,'za','za','Africa/Johannesburg');
CREATE TABLE attribute (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL CHECK (type IN ('text', 'integer', 'decimal', 'boolean', 'date', 'timestamp', 'choice', 'multi_choice', 'user', 'path')),
    name TEXT,
    site_id INTEGER REFERENCES site,
    definition TEXT NOT NULL
) STRICT;
INSERT INTO attribute VALUES(0,'department','text',NULL,NULL,'{"id":0,"key":"department","type":"text","ignore_case":true,"sensitivity":"internal"}');
INSERT INTO attribute VALUES(1,'country','choice',NULL,NULL,'{"id":1,"key":"country","type":"choice","options":[],"sensitivity":"internal"}');
INSERT INTO attribute VALUES(2,'hired_on','date',NULL,NULL,'{"id":2,"key":"hired_on","type":"date","sensitivity":"internal"}');
INSERT INTO attribute VALUES(3,'level','integer',NULL,NULL,'{"id":3,"key":"level","type":"integer","sensitivity":"internal"}');
INSERT INTO attribute VALUES(4,'rate','decimal',NULL,NULL,'{"id":4,"key":"rate","type":"decimal","sensitivity":"internal"}');
INSERT INTO attribute VALUES(5,'driver','boolean',NULL,NULL,'{"id":5,"key":"driver","type":"boolean","sensitivity":"internal"}');
INSERT INTO attribute VALUES(6,'seen_at','timestamp',NULL,NULL,'{"id":6,"key":"seen_at","type":"timestamp","sensitivity":"internal"}');
INSERT INTO attribute VALUES(7,'skills','multi_choice',NULL,NULL,'{"id":7,"key":"skills","type":"multi_choice","options":[],"sensitivity":"internal"}');
INSERT INTO attribute VALUES(8,'manager','user',NULL,NULL,'{"id":8,"key":"manager","type":"user","sensitivity":"internal"}');
INSERT INTO attribute VALUES(9,'org','path',NULL,NULL,'{"id":9,"key":"org","type":"path","sensitivity":"internal"}');
INSERT INTO attribute VALUES(10,'badge','text',NULL,NULL,'{"id":10,"key":"badge","type":"text","unique":true,"sensitivity":"internal"}');
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
INSERT INTO attribute_option VALUES(1,2,'FR',NULL,0);
INSERT INTO attribute_option VALUES(7,0,'go',NULL,0);
INSERT INTO attribute_option VALUES(7,1,'rust',NULL,0);
INSERT INTO attribute_option VALUES(7,2,'sql',NULL,0);
CREATE TABLE user (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    created INTEGER NOT NULL
, a0 TEXT, f0 TEXT, a1 INTEGER, a2 TEXT, a3 INTEGER, a4 INTEGER, a5 INTEGER, a6 INTEGER, a8 INTEGER, a9 TEXT, a10 TEXT) STRICT;
INSERT INTO user VALUES(0,'ann','active',1768032000000,'Sales','sales',1,'2025-12-01',NULL,750000,1,NULL,NULL,NULL,'B1');
INSERT INTO user VALUES(1,'bob','active',1768032000000,'it','it',0,NULL,NULL,NULL,NULL,1767960000000,0,'EMEA/ZA',NULL);
INSERT INTO user VALUES(2,'cy','suspended',1768032000000,'Sales','sales',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO user VALUES(3,'dora','active',1769949000250,'Ünïcode 🙂','ünïcode 🙂',2,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'it''s');
INSERT INTO user VALUES(4,'eve','active',1778824800000,NULL,NULL,NULL,'2026-05-15',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE user_option (
    user_id INTEGER NOT NULL,
    attribute_id INTEGER NOT NULL,
    option_id INTEGER NOT NULL,
    PRIMARY KEY (user_id, attribute_id, option_id)
) STRICT, WITHOUT ROWID;
INSERT INTO user_option VALUES(0,7,0);
INSERT INTO user_option VALUES(0,7,1);
CREATE TABLE site_member (
    user_id INTEGER NOT NULL,
    site_id INTEGER NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (user_id, site_id)
) STRICT, WITHOUT ROWID;
INSERT INTO site_member VALUES(0,0,'active');
INSERT INTO site_member VALUES(1,0,'active');
INSERT INTO site_member VALUES(1,1,'active');
INSERT INTO site_member VALUES(2,0,'active');
INSERT INTO site_member VALUES(3,0,'active');
INSERT INTO site_member VALUES(4,0,'active');
CREATE TABLE course (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    site_id INTEGER NOT NULL REFERENCES site
) STRICT;
INSERT INTO course VALUES(0,'gdpr','Data protection',0);
INSERT INTO course VALUES(1,'safety','safety',0);
INSERT INTO course VALUES(2,'kaap','kaap',1);
CREATE TABLE segment (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    site_id INTEGER REFERENCES site,
    rule TEXT,
    rule_text TEXT,
    state TEXT NOT NULL,
    owner TEXT,
    description TEXT,
    sql_rows INTEGER NOT NULL
) STRICT;
INSERT INTO segment VALUES(0,'it','it',NULL,'{"compare":{"field":0,"comparison":"==","with":{"value":{"text":"IT"}}}}','user.department == "IT"','active','hr','everybody in IT',1);
INSERT INTO segment VALUES(1,'new','new',NULL,'{"compare":{"field":2,"comparison":">=","with":{"today":{"count":-90,"unit":"days"}}}}','user.hired_on >= today - days(90)','paused',NULL,NULL,0);
INSERT INTO segment VALUES(2,'hand','hand',NULL,NULL,NULL,'active',NULL,NULL,0);
INSERT INTO segment VALUES(3,'africans','africans',1,'{"compare":{"field":1,"comparison":"==","with":{"value":{"choice":0}}}}','user.country == "ZA"','active',NULL,NULL,0);
INSERT INTO segment VALUES(4,'later','later',NULL,'{"compare":{"field":3,"comparison":">","with":{"value":{"integer":3}}}}','user.level > 3','draft',NULL,NULL,0);
CREATE TABLE segment_pin (
    segment_id INTEGER NOT NULL REFERENCES segment,
    user_id INTEGER NOT NULL,
    PRIMARY KEY (segment_id, user_id)
) STRICT, WITHOUT ROWID;
INSERT INTO segment_pin VALUES(2,3);
CREATE TABLE segment_ban (
    segment_id INTEGER NOT NULL REFERENCES segment,
    user_id INTEGER NOT NULL,
    PRIMARY KEY (segment_id, user_id)
) STRICT, WITHOUT ROWID;
INSERT INTO segment_ban VALUES(0,1);
CREATE TABLE segment_members (
    segment_id INTEGER NOT NULL REFERENCES segment,
    part INTEGER NOT NULL,
    members BLOB NOT NULL,
    PRIMARY KEY (segment_id, part)
) STRICT, WITHOUT ROWID;
INSERT INTO segment_members VALUES(0,0,X'3a30000000000000');
INSERT INTO segment_members VALUES(1,0,X'3a30000000000000');
INSERT INTO segment_members VALUES(2,0,X'3a3000000100000000000000100000000300');
INSERT INTO segment_members VALUES(3,0,X'3a3000000100000000000000100000000100');
CREATE TABLE segment_frozen (
    segment_id INTEGER NOT NULL REFERENCES segment,
    part INTEGER NOT NULL,
    members BLOB NOT NULL,
    PRIMARY KEY (segment_id, part)
) STRICT, WITHOUT ROWID;
INSERT INTO segment_frozen VALUES(1,0,X'3a30000000000000');
CREATE TABLE segment_row (
    segment_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    PRIMARY KEY (segment_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE enrolment_rule (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    segment_id INTEGER NOT NULL REFERENCES segment,
    on_leave TEXT NOT NULL,
    enabled INTEGER NOT NULL
) STRICT;
INSERT INTO enrolment_rule VALUES(0,'gdpr-it','gdpr-it',0,'suspend',1);
INSERT INTO enrolment_rule VALUES(1,'welcome','New starters',1,'keep',1);
INSERT INTO enrolment_rule VALUES(2,'kaap-za','kaap-za',3,'unenrol',1);
CREATE TABLE enrolment_rule_course (
    rule_id INTEGER NOT NULL REFERENCES enrolment_rule,
    position INTEGER NOT NULL,
    course_id INTEGER NOT NULL REFERENCES course,
    PRIMARY KEY (rule_id, position)
) STRICT, WITHOUT ROWID;
INSERT INTO enrolment_rule_course VALUES(0,0,0);
INSERT INTO enrolment_rule_course VALUES(0,1,1);
INSERT INTO enrolment_rule_course VALUES(1,0,1);
INSERT INTO enrolment_rule_course VALUES(2,0,2);
CREATE TABLE enrolment (
    user_id INTEGER NOT NULL,
    course_id INTEGER NOT NULL,
    status TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (user_id, course_id)
) STRICT, WITHOUT ROWID;
INSERT INTO enrolment VALUES(0,0,'suspended',1768032000000);
INSERT INTO enrolment VALUES(0,1,'active',1768032000000);
INSERT INTO enrolment VALUES(1,0,'suspended',1768032000000);
INSERT INTO enrolment VALUES(1,1,'suspended',1768032000000);
INSERT INTO enrolment VALUES(1,2,'active',1768032000000);
INSERT INTO enrolment VALUES(3,0,'active',1769949000250);
CREATE TABLE enrolment_reason (
    user_id INTEGER NOT NULL,
    course_id INTEGER NOT NULL,
    rule_id INTEGER NOT NULL,
    state TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (user_id, course_id, rule_id)
) STRICT, WITHOUT ROWID;
INSERT INTO enrolment_reason VALUES(0,0,0,'suspended',1768032000000);
INSERT INTO enrolment_reason VALUES(0,1,1,'kept',1768032000000);
INSERT INTO enrolment_reason VALUES(1,0,0,'suspended',1768032000000);
INSERT INTO enrolment_reason VALUES(1,1,0,'suspended',1768032000000);
INSERT INTO enrolment_reason VALUES(1,2,2,'in_force',1768032000000);
INSERT INTO enrolment_reason VALUES(3,0,-1,'in_force',1769949000250);
CREATE TABLE course_record (
    user_id INTEGER NOT NULL,
    course_id INTEGER NOT NULL,
    completed INTEGER,
    score INTEGER,
    PRIMARY KEY (user_id, course_id)
) STRICT, WITHOUT ROWID;
INSERT INTO course_record VALUES(0,0,1768867200000,800000);
CREATE TABLE journal (
    revision INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    author TEXT NOT NULL,
    note TEXT NOT NULL
) STRICT;
INSERT INTO journal VALUES(1,1768032000000,'hr','a note');
INSERT INTO journal VALUES(2,1769949000250,'hr','a note');
INSERT INTO journal VALUES(3,1778824800000,'hr','a note');
CREATE TABLE journal_entry (
    revision INTEGER NOT NULL,
    position INTEGER NOT NULL,
    user_id INTEGER,
    entry TEXT NOT NULL,
    PRIMARY KEY (revision, position)
) STRICT, WITHOUT ROWID;
INSERT INTO journal_entry VALUES(1,0,NULL,'{"site":[0,{"key":"primary","name":"Head office","zone":"Europe/Berlin"}]}');
INSERT INTO journal_entry VALUES(1,1,NULL,'{"site":[1,{"key":"za","name":"za","zone":"Africa/Johannesburg"}]}');
INSERT INTO journal_entry VALUES(1,2,NULL,'{"attribute":{"id":0,"key":"department","type":"text","ignore_case":true,"sensitivity":"internal"}}');
INSERT INTO journal_entry VALUES(1,3,NULL,'{"attribute":{"id":1,"key":"country","type":"choice","options":[{"key":"ZA"},{"key":"DE"},{"key":"FR"}],"sensitivity":"internal"}}');
INSERT INTO journal_entry VALUES(1,4,NULL,'{"attribute":{"id":2,"key":"hired_on","type":"date","sensitivity":"internal"}}');
INSERT INTO journal_entry VALUES(1,5,NULL,'{"attribute":{"id":3,"key":"level","type":"integer","sensitivity":"internal"}}');
INSERT INTO journal_entry VALUES(1,6,NULL,'{"attribute":{"id":4,"key":"rate","type":"decimal","sensitivity":"internal"}}');
INSERT INTO journal_entry VALUES(1,7,NULL,'{"attribute":{"id":5,"key":"driver","type":"boolean","sensitivity":"internal"}}');
INSERT INTO journal_entry VALUES(1,8,NULL,'{"attribute":{"id":6,"key":"seen_at","type":"timestamp","sensitivity":"internal"}}');
INSERT INTO journal_entry VALUES(1,9,NULL,'{"attribute":{"id":7,"key":"skills","type":"multi_choice","options":[{"key":"go"},{"key":"rust"},{"key":"sql"}],"sensitivity":"internal"}}');
INSERT INTO journal_entry VALUES(1,10,NULL,'{"attribute":{"id":8,"key":"manager","type":"user","sensitivity":"internal"}}');
INSERT INTO journal_entry VALUES(1,11,NULL,'{"attribute":{"id":9,"key":"org","type":"path","sensitivity":"internal"}}');
INSERT INTO journal_entry VALUES(1,12,NULL,'{"attribute":{"id":10,"key":"badge","type":"text","unique":true,"sensitivity":"internal"}}');
INSERT INTO journal_entry VALUES(1,13,NULL,'{"course":[0,{"key":"gdpr","name":"Data protection","site":0}]}');
INSERT INTO journal_entry VALUES(1,14,NULL,'{"course":[1,{"key":"safety","name":"safety","site":0}]}');
INSERT INTO journal_entry VALUES(1,15,NULL,'{"course":[2,{"key":"kaap","name":"kaap","site":1}]}');
INSERT INTO journal_entry VALUES(1,16,0,'{"user":{"id":0,"key":"ann","values":[[0,{"text":"IT"}],[1,{"choice":1}],[2,{"date":"2025-12-01"}],[3,{"integer":5}],[7,{"choices":[0,1]}],[10,{"text":"B1"}],[4,{"decimal":"0.75"}],[5,{"boolean":true}]],"sites":[[0,"active"]]}}');
INSERT INTO journal_entry VALUES(1,17,1,'{"user":{"id":1,"key":"bob","values":[[0,{"text":"it"}],[1,{"choice":0}],[8,{"user":0}],[9,{"path":"EMEA/ZA"}],[6,{"timestamp":"2026-01-09T12:00:00Z"}]],"sites":[[0,"active"],[1,"active"]]}}');
INSERT INTO journal_entry VALUES(1,18,2,'{"user":{"id":2,"key":"cy","status":"suspended","values":[[0,{"text":"Sales"}]],"sites":[[0,"active"]]}}');
INSERT INTO journal_entry VALUES(1,19,NULL,'{"segment":[0,{"key":"it","name":"it","site":null,"rule":{"compare":{"field":0,"comparison":"==","with":{"value":{"text":"IT"}}}},"state":"active","owner":"hr","description":"everybody in IT","sql_rows":true}]}');
INSERT INTO journal_entry VALUES(1,20,NULL,'{"segment":[1,{"key":"new","name":"new","site":null,"rule":{"compare":{"field":2,"comparison":">=","with":{"today":{"count":-90,"unit":"days"}}}},"state":"active"}]}');
INSERT INTO journal_entry VALUES(1,21,NULL,'{"segment":[2,{"key":"hand","name":"hand","site":null,"state":"active"}]}');
INSERT INTO journal_entry VALUES(1,22,NULL,'{"segment":[3,{"key":"africans","name":"africans","site":1,"rule":{"compare":{"field":1,"comparison":"==","with":{"value":{"choice":0}}}},"state":"active"}]}');
INSERT INTO journal_entry VALUES(1,23,NULL,'{"segment":[4,{"key":"later","name":"later","site":null,"rule":{"compare":{"field":3,"comparison":">","with":{"value":{"integer":3}}}},"state":"draft"}]}');
INSERT INTO journal_entry VALUES(1,24,NULL,'{"enrolment_rule":[0,{"key":"gdpr-it","name":"gdpr-it","segment":0,"courses":[0,1],"on_leave":"suspend","enabled":true}]}');
INSERT INTO journal_entry VALUES(1,25,NULL,'{"enrolment_rule":[1,{"key":"welcome","name":"New starters","segment":1,"courses":[1],"on_leave":"keep","enabled":true}]}');
INSERT INTO journal_entry VALUES(1,26,NULL,'{"enrolment_rule":[2,{"key":"kaap-za","name":"kaap-za","segment":3,"courses":[2],"on_leave":"unenrol","enabled":true}]}');
INSERT INTO journal_entry VALUES(2,0,3,'{"user":{"id":3,"key":"dora","values":[[0,{"text":"Ünïcode 🙂"}],[1,{"choice":2}],[10,{"text":"it''s"}]],"sites":[[0,"active"]]}}');
INSERT INTO journal_entry VALUES(2,1,3,'{"exception":{"segment":2,"user":3,"exception":"pinned"}}');
INSERT INTO journal_entry VALUES(2,2,1,'{"exception":{"segment":0,"user":1,"exception":"banned"}}');
INSERT INTO journal_entry VALUES(2,3,0,'{"record":{"user":0,"course":0,"completed":1768867200000,"score":"0.8"}}');
INSERT INTO journal_entry VALUES(3,0,0,'{"user":{"id":0,"values":[[0,{"text":"Sales"}],[3,null]]}}');
INSERT INTO journal_entry VALUES(3,1,4,'{"user":{"id":4,"key":"eve","values":[[2,{"date":"2026-05-15"}]],"sites":[[0,"active"]]}}');
INSERT INTO journal_entry VALUES(3,2,NULL,'{"segment":[1,{"key":"new","name":"new","site":null,"rule":{"compare":{"field":2,"comparison":">=","with":{"today":{"count":-90,"unit":"days"}}}},"state":"paused"}]}');
CREATE TABLE journal_fact (
    revision INTEGER NOT NULL,
    position INTEGER NOT NULL,
    moment INTEGER NOT NULL,
    at INTEGER NOT NULL,
    fact TEXT NOT NULL,
    segment_id INTEGER,
    course_id INTEGER,
    rule_id INTEGER,
    users BLOB NOT NULL,
    PRIMARY KEY (revision, position)
) STRICT, WITHOUT ROWID;
INSERT INTO journal_fact VALUES(1,0,0,1768032000000,'joined',0,NULL,NULL,X'3a30000001000000000001001000000000000100');
INSERT INTO journal_fact VALUES(1,1,0,1768032000000,'left',0,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(1,2,0,1768032000000,'joined',1,NULL,NULL,X'3a3000000100000000000000100000000000');
INSERT INTO journal_fact VALUES(1,3,0,1768032000000,'left',1,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(1,4,0,1768032000000,'joined',3,NULL,NULL,X'3a3000000100000000000000100000000100');
INSERT INTO journal_fact VALUES(1,5,0,1768032000000,'left',3,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(1,6,0,1768032000000,'enrolled',NULL,0,0,X'3a30000001000000000001001000000000000100');
INSERT INTO journal_fact VALUES(1,7,0,1768032000000,'enrolled',NULL,1,0,X'3a30000001000000000001001000000000000100');
INSERT INTO journal_fact VALUES(1,8,0,1768032000000,'enrolled',NULL,2,2,X'3a3000000100000000000000100000000100');
INSERT INTO journal_fact VALUES(1,9,0,1768032000000,'reason_added',NULL,1,1,X'3a3000000100000000000000100000000000');
INSERT INTO journal_fact VALUES(2,0,0,1769949000250,'joined',0,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(2,1,0,1769949000250,'left',0,NULL,NULL,X'3a3000000100000000000000100000000100');
INSERT INTO journal_fact VALUES(2,2,0,1769949000250,'joined',2,NULL,NULL,X'3a3000000100000000000000100000000300');
INSERT INTO journal_fact VALUES(2,3,0,1769949000250,'left',2,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(2,4,0,1769949000250,'enrolled',NULL,0,-1,X'3a3000000100000000000000100000000300');
INSERT INTO journal_fact VALUES(2,5,0,1769949000250,'suspended',NULL,0,0,X'3a3000000100000000000000100000000100');
INSERT INTO journal_fact VALUES(2,6,0,1769949000250,'suspended',NULL,1,0,X'3a3000000100000000000000100000000100');
INSERT INTO journal_fact VALUES(3,0,0,1772406000000,'joined',1,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(3,1,0,1772406000000,'left',1,NULL,NULL,X'3a3000000100000000000000100000000000');
INSERT INTO journal_fact VALUES(3,2,0,1772406000000,'kept',NULL,1,1,X'3a3000000100000000000000100000000000');
INSERT INTO journal_fact VALUES(3,3,1,1778824800000,'joined',0,NULL,NULL,X'3a30000000000000');
INSERT INTO journal_fact VALUES(3,4,1,1778824800000,'left',0,NULL,NULL,X'3a3000000100000000000000100000000000');
INSERT INTO journal_fact VALUES(3,5,1,1778824800000,'reason_dropped',NULL,1,0,X'3a3000000100000000000000100000000000');
INSERT INTO journal_fact VALUES(3,6,1,1778824800000,'suspended',NULL,0,0,X'3a3000000100000000000000100000000000');
CREATE INDEX user_option_by_option ON user_option (attribute_id, option_id);
CREATE INDEX enrolment_by_course ON enrolment (course_id);
CREATE INDEX course_record_by_course ON course_record (course_id);
CREATE VIEW enrolments AS
SELECT u.key AS user, c.key AS course, e.status AS status,
    strftime('%Y-%m-%dT%H:%M:%SZ', e.since / 1000, 'unixepoch') AS since,
    (SELECT group_concat(CASE
            WHEN r.rule_id = -1 THEN 'enrolled by hand'
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
FROM segment s;
CREATE VIEW records AS
SELECT u.key AS user, c.key AS course,
    strftime('%Y-%m-%dT%H:%M:%fZ', r.completed / 1000.0, 'unixepoch') AS completed, r.score / 1000000.0 AS score
FROM course_record r JOIN user u ON u.id = r.user_id JOIN course c ON c.id = r.course_id;
CREATE VIEW commits AS
SELECT revision, strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch') AS at, author, note FROM journal;
CREATE VIEW users AS SELECT u.id AS id, u.key AS key, u.status AS status, strftime('%Y-%m-%dT%H:%M:%fZ', u.created / 1000.0, 'unixepoch') AS created, u.a0 AS "department", (SELECT o.key FROM attribute_option o WHERE o.attribute_id = 1 AND o.id = u.a1) AS "country", u.a2 AS "hired_on", u.a3 AS "level", u.a4 / 1000000.0 AS "rate", u.a5 AS "driver", strftime('%Y-%m-%dT%H:%M:%fZ', u.a6 / 1000.0, 'unixepoch') AS "seen_at", (SELECT group_concat(key, '; ') FROM (SELECT o.key AS key FROM user_option x JOIN attribute_option o ON o.attribute_id = x.attribute_id AND o.id = x.option_id WHERE x.user_id = u.id AND x.attribute_id = 7 ORDER BY x.option_id)) AS "skills", (SELECT x.key FROM user x WHERE x.id = u.a8) AS "manager", u.a9 AS "org", u.a10 AS "badge" FROM user u;
COMMIT;
