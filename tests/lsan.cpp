// For the leak checker of MODE=asan: lookups of host names that are still waiting when the program ends keep
// glibc's resolver state of their threads.
extern "C" const char* __lsan_default_suppressions() { return "leak:__res_context_send\nleak:__res_vinit\n"; }

extern "C" const char* __lsan_default_options() { return "print_suppressions=0"; }
