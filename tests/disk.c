#include "tests/disk.h"

#include "tests/draw.h"
#include "tests/unit.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES  2       /* the database, its log */
#define IMAGE  8388608 /* bytes that a file may have */
#define PAGE   4096
#define SECTOR 512
#define OTHER  FILES /* a journal, while the database is made */
#define ROOM   4096  /* operations, at first */

struct operation {
    unsigned kind; /* of DISK_... */
    unsigned file;
    int64_t at; /* DISK_WRITE: where; DISK_TRUNCATE: the new length */
    size_t len;
    uint8_t *bytes;
    bool failed;
};

static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    struct operation *operations;
    size_t count, room;
    unsigned fail_kinds, fail_in, failed;
    int fail_rc;
    bool fail_on;
} disk;

struct file {
    sqlite3_file base;
    unsigned number;
    sqlite3_io_methods methods;
    sqlite3_file *real; /* behind it in memory */
};

/* --- remembering and failing ------------------------------------------------------------------------------------- */

static struct operation *remember(unsigned kind, unsigned file)
{
    static struct operation nothing;

    if (file == OTHER) {
        nothing = (struct operation){0};
        return &nothing;
    }
    if (disk.count == disk.room) {
        disk.room = disk.room ? 2 * disk.room : ROOM;
        disk.operations = realloc(disk.operations, disk.room * sizeof(*disk.operations));
        assert_non_null(disk.operations);
    }
    disk.operations[disk.count] = (struct operation){.kind = kind, .file = file};
    return &disk.operations[disk.count++];
}

/* Whether this one fails. */
static bool fails(unsigned kind)
{
    if (!(disk.fail_kinds & kind) || !disk.fail_in || --disk.fail_in)
        return false;
    disk.fail_in = disk.fail_on ? 1 : 0;
    disk.failed++;
    return true;
}

static int write_file(sqlite3_file *base, const void *bytes, int len, sqlite3_int64 at)
{
    struct file *file = (struct file *)base;
    bool failing = fails(DISK_WRITE);
    size_t done = failing ? (size_t)len / 2 : (size_t)len;
    struct operation *operation = remember(DISK_WRITE, file->number);

    operation->at = at;
    operation->len = done;
    if (file->number != OTHER) {
        operation->bytes = malloc(done + 1);
        assert_non_null(operation->bytes);
        memcpy(operation->bytes, bytes, done);
    }
    int rc = done ? file->real->pMethods->xWrite(file->real, bytes, (int)done, at) : SQLITE_OK;
    return failing ? disk.fail_rc : rc;
}

static int truncate_file(sqlite3_file *base, sqlite3_int64 len)
{
    struct file *file = (struct file *)base;

    if (fails(DISK_TRUNCATE))
        return disk.fail_rc;
    remember(DISK_TRUNCATE, file->number)->at = len;
    return file->real->pMethods->xTruncate(file->real, len);
}

static int sync_file(sqlite3_file *base, int flags)
{
    struct file *file = (struct file *)base;
    struct operation *operation = remember(DISK_SYNC, file->number);

    operation->failed = fails(DISK_SYNC);
    return operation->failed ? disk.fail_rc : file->real->pMethods->xSync(file->real, flags);
}

/* --- everything else is the real disk's -------------------------------------------------------------------------- */

#define REAL(base) (((struct file *)(base))->real)

static int close_file(sqlite3_file *base)
{
    return REAL(base)->pMethods->xClose(REAL(base));
}

static int read_file(sqlite3_file *base, void *bytes, int len, sqlite3_int64 at)
{
    return REAL(base)->pMethods->xRead(REAL(base), bytes, len, at);
}

static int file_size(sqlite3_file *base, sqlite3_int64 *size)
{
    return REAL(base)->pMethods->xFileSize(REAL(base), size);
}

static int lock_file(sqlite3_file *base, int level)
{
    return REAL(base)->pMethods->xLock(REAL(base), level);
}

static int unlock_file(sqlite3_file *base, int level)
{
    return REAL(base)->pMethods->xUnlock(REAL(base), level);
}

static int check_lock(sqlite3_file *base, int *result)
{
    return REAL(base)->pMethods->xCheckReservedLock(REAL(base), result);
}

static int control_file(sqlite3_file *base, int operation, void *arg)
{
    return REAL(base)->pMethods->xFileControl(REAL(base), operation, arg);
}

static int sector_size(sqlite3_file *base)
{
    return REAL(base)->pMethods->xSectorSize(REAL(base));
}

static int characteristics(sqlite3_file *base)
{
    (void)base;
    return 0; /* nothing is atomic, and nothing is in order */
}

static int map_index(sqlite3_file *base, int page, int size, int extend, void volatile **memory)
{
    return REAL(base)->pMethods->xShmMap(REAL(base), page, size, extend, memory);
}

static int lock_index(sqlite3_file *base, int offset, int count, int flags)
{
    return REAL(base)->pMethods->xShmLock(REAL(base), offset, count, flags);
}

static void barrier(sqlite3_file *base)
{
    REAL(base)->pMethods->xShmBarrier(REAL(base));
}

static int unmap_index(sqlite3_file *base, int remove)
{
    return REAL(base)->pMethods->xShmUnmap(REAL(base), remove);
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out)
{
    struct file *file = (struct file *)base;

    (void)vfs;
    file->real = (sqlite3_file *)(file + 1);
    int rc = disk.real->xOpen(disk.real, name, file->real, flags, out);
    base->pMethods = NULL;
    if (rc != SQLITE_OK || !file->real->pMethods)
        return rc;
    file->number = flags & SQLITE_OPEN_MAIN_DB ? 0 : flags & SQLITE_OPEN_WAL ? 1 : OTHER;
    file->methods = (sqlite3_io_methods){.iVersion = 2,
                                         .xClose = close_file,
                                         .xRead = read_file,
                                         .xWrite = write_file,
                                         .xTruncate = truncate_file,
                                         .xSync = sync_file,
                                         .xFileSize = file_size,
                                         .xLock = lock_file,
                                         .xUnlock = unlock_file,
                                         .xCheckReservedLock = check_lock,
                                         .xFileControl = control_file,
                                         .xSectorSize = sector_size,
                                         .xDeviceCharacteristics = characteristics,
                                         .xShmMap = map_index,
                                         .xShmLock = lock_index,
                                         .xShmBarrier = barrier,
                                         .xShmUnmap = unmap_index};
    base->pMethods = &file->methods;
    return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int sync)
{
    size_t len = strlen(name);

    (void)vfs;
    if (len > 4 && strcmp(name + len - 4, "-wal") == 0)
        remember(DISK_TRUNCATE, 1)->at = 0;
    return disk.real->xDelete(disk.real, name, sync);
}

void disk_begin(void)
{
    for (size_t i = 0; i < disk.count; i++)
        free(disk.operations[i].bytes);
    free(disk.operations);
    memset(&disk, 0, sizeof(disk));
    disk.real = sqlite3_vfs_find(NULL);
    disk.vfs = *disk.real;
    disk.vfs.zName = "test-disk";
    disk.vfs.pNext = NULL;
    disk.vfs.szOsFile = (int)sizeof(struct file) + disk.real->szOsFile;
    disk.vfs.xOpen = open_file;
    disk.vfs.xDelete = delete_file;
    assert_int_equal(sqlite3_vfs_register(&disk.vfs, 1), SQLITE_OK);
}

void disk_end(void)
{
    sqlite3_vfs_unregister(&disk.vfs);
    sqlite3_vfs_register(disk.real, 1);
}

size_t disk_count(void)
{
    return disk.count;
}

void disk_fail(unsigned operations, unsigned n, int rc, bool on)
{
    disk.fail_kinds = operations;
    disk.fail_in = n;
    disk.fail_rc = rc;
    disk.fail_on = on;
    disk.failed = 0;
}

unsigned disk_failed(void)
{
    return disk.failed;
}

/* --- what is left ------------------------------------------------------------------------------------------------ */

/*
 * As Linux has it: writes go to pages in memory, a flush brings those that are dirty to the disk. A flush that fails
 * leaves them clean all the same, so what it was about may never get there, unless it is written to again.
 */
struct image {
    uint8_t cached[IMAGE], stored[IMAGE];
    size_t len, stored_len;
    bool dirty[IMAGE / PAGE];
};

static void apply(struct image *image, const struct operation *operation, size_t len)
{
    size_t at = (size_t)operation->at;

    if (operation->kind == DISK_TRUNCATE) {
        if (at < image->len) /* what is behind the end is zeros */
            memset(image->cached + at, 0, image->len - at);
        for (size_t page = at / PAGE; page * PAGE < image->len; page++)
            image->dirty[page] = true;
        image->len = at;
        return;
    }
    assert_true(at + len <= IMAGE);
    memcpy(image->cached + at, operation->bytes, len);
    for (size_t page = at / PAGE; page * PAGE < at + len; page++)
        image->dirty[page] = true;
    if (len && at + len > image->len)
        image->len = at + len;
}

/* Dirty pages get to the disk: all, none, or some; and are clean then. */
static void flush_pages(struct image *image, enum disk_left left, uint64_t *seed)
{
    if (left != DISK_NONE)
        image->stored_len = image->len;
    for (size_t page = 0; page < IMAGE / PAGE; page++) {
        if (image->dirty[page] && left != DISK_NONE && (left != DISK_SOME || draw_u32(seed) % 2))
            memcpy(image->stored + page * PAGE, image->cached + page * PAGE, PAGE);
        image->dirty[page] = false;
    }
}

static void save(const struct image *image, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, image->stored, image->stored_len), image->stored_len);
    close(fd);
}

void disk_leave(size_t count, enum disk_left left, uint64_t *seed, const char *path)
{
    struct image *images = calloc(FILES, sizeof(*images));
    char log[512];

    assert_non_null(images);
    for (size_t i = 0; i < count; i++) {
        const struct operation *operation = &disk.operations[i];
        bool torn = left == DISK_TORN && i + 1 == count && operation->kind == DISK_WRITE;
        if (operation->kind == DISK_SYNC)
            flush_pages(&images[operation->file], operation->failed ? left : DISK_ALL, seed);
        else
            apply(&images[operation->file], operation,
                  torn ? draw_u32(seed) % (operation->len / SECTOR + 1) * SECTOR : operation->len);
    }
    for (unsigned i = 0; i < FILES; i++)
        flush_pages(&images[i], left, seed);
    snprintf(log, sizeof(log), "%s-wal", path);
    save(&images[0], path);
    save(&images[1], log);
    free(images);
}
