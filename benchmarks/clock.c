/* Sets the clock of the processes it is preloaded into, as setting the machine's does.
 *
 * The file CLOCK_OFFSET_FILE holds eight bytes: the nanoseconds by which the wall clock is ahead.
 * Clocks that only go on stay as they are; what waits until an instant of the wall clock waits by
 * the clock that is set. The times of files remain the machine's: as on a disk of another machine.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define BILLION 1000000000LL

static volatile long long none = 0;
static volatile long long *offset = &none;

__attribute__((constructor)) static void open_offset(void) {
    const char *path = getenv("CLOCK_OFFSET_FILE");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *page = mmap(NULL, sizeof(long long), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (page != MAP_FAILED) offset = page;
}

static void move(struct timespec *at, long long nanoseconds) {
    long long all = at->tv_sec * BILLION + at->tv_nsec + nanoseconds;
    at->tv_sec = all / BILLION;
    at->tv_nsec = all % BILLION;
}

/* Instants of clocks that only go on lie far below those of the wall clock. */
static struct timespec real(const struct timespec *until) {
    struct timespec at = *until;
    if (at.tv_sec > BILLION) move(&at, -*offset);
    return at;
}

#define NEXT(name, version) \
    static __typeof__(&name) next; \
    if (!next) { \
        next = (__typeof__(&name))dlvsym(RTLD_NEXT, #name, version); \
        if (!next) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
    }

int clock_gettime(clockid_t clock, struct timespec *at) {
    NEXT(clock_gettime, "GLIBC_2.17")
    int failed = next(clock, at);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) move(at, *offset);
    return failed;
}

int timespec_get(struct timespec *at, int base) {
    return clock_gettime(CLOCK_REALTIME, at) ? 0 : base;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    (void)zone;
    struct timespec now;
    int failed = clock_gettime(CLOCK_REALTIME, &now);
    if (!failed) *at = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return failed;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until) {
    NEXT(pthread_cond_timedwait, "GLIBC_2.3.2")
    struct timespec at = real(until);
    return next(condition, mutex, &at);
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
    NEXT(sem_timedwait, "GLIBC_2.2.5")
    struct timespec at = real(until);
    return next(semaphore, &at);
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex,
                            const struct timespec *restrict until) {
    NEXT(pthread_mutex_timedlock, "GLIBC_2.2.5")
    struct timespec at = real(until);
    return next(mutex, &at);
}
