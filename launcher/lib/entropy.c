// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/entropy.h"
#include "lib/sha256.h"

#include <fcntl.h>
#include <linux/random.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>
#include <x86intrin.h>

#define INSECURE 4 /* GRND_INSECURE, Linux 5.6: returns what is there, without a wait */

void entropy_find(char seed[SEED_SIZE])
{
	struct {
		uint64_t random[4], cycles;
		double clock_s;
	} all = { .cycles = __rdtsc(), .clock_s = now_s() };
	struct sha256 sum;

	if (getrandom(all.random, sizeof(all.random), GRND_NONBLOCK) != sizeof(all.random))
		getrandom(all.random, sizeof(all.random), INSECURE);
	sha256_init(&sum);
	sha256_add(&sum, &all, sizeof(all));
	sha256_end(&sum, seed);
}

void entropy_derive(const char *seed, int level, char child[SEED_SIZE])
{
	struct sha256 sum;
	char text[SEED_SIZE + 16];

	format(text, sizeof(text), "%s L%d", seed, level);
	sha256_init(&sum);
	sha256_add(&sum, text, strlen(text));
	sha256_end(&sum, child);
}

int entropy_credit(const char *seed)
{
	struct {
		struct rand_pool_info info;
		char seed[SEED_SIZE - 1];
	} pool = { .info = { .entropy_count = 256, .buf_size = SEED_SIZE - 1 } };
	int err, fd = open("/dev/random", O_RDWR | O_CLOEXEC);

	memcpy(pool.seed, seed, sizeof(pool.seed));
	err = fd < 0 || ioctl(fd, RNDADDENTROPY, &pool) ? -1 : 0;
	if (err)
		fail("cannot seed /dev/random: %m: programs that need random numbers may block");
	if (fd >= 0)
		close(fd);
	return err;
}
