-- The row that the health check reads back (deploy/mysql/ready). It is written last, and the right to read it comes after
-- it, so an initialization that broke off half-way never looks ready. In a schema of its own: the site's is Alembic's.
SET NAMES utf8mb4;
CREATE DATABASE readiness CHARACTER SET utf8mb4;
CREATE TABLE readiness.sentinel (word VARCHAR(8) NOT NULL);
INSERT INTO readiness.sentinel VALUES ('数据库已就绪');
GRANT SELECT ON readiness.* TO 'minnow'@'%';
