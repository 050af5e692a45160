// SPDX-License-Identifier: Apache-2.0
//
// What training needs of MPI. Its constants are macros that cast pointers, which Swift cannot
// import, so that each call stands in a function here. All results are MPI's error codes.

#ifndef RETORT_CMPI_H
#define RETORT_CMPI_H

#include <mpi.h>

typedef struct {
    MPI_Request value;
} rk_mpi_request;

// For calls from this thread alone. Errors are returned from here on instead of ending the job.
static inline int rk_mpi_init(int *rank, int *size) {
    int provided = MPI_THREAD_SINGLE;
    int error = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
    if (error != MPI_SUCCESS) return error;
    if (provided < MPI_THREAD_FUNNELED) return MPI_ERR_OTHER;
    error = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    if (error != MPI_SUCCESS) return error;
    error = MPI_Comm_rank(MPI_COMM_WORLD, rank);
    return error != MPI_SUCCESS ? error : MPI_Comm_size(MPI_COMM_WORLD, size);
}

static inline int rk_mpi_sum_floats(float *values, int count, rk_mpi_request *request) {
    return MPI_Iallreduce(
        MPI_IN_PLACE, values, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD, &request->value);
}

static inline int rk_mpi_sum_doubles(double *values, int count, rk_mpi_request *request) {
    return MPI_Iallreduce(
        MPI_IN_PLACE, values, count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD, &request->value);
}

static inline int rk_mpi_barrier(rk_mpi_request *request) {
    return MPI_Ibarrier(MPI_COMM_WORLD, &request->value);
}

static inline int rk_mpi_test(rk_mpi_request *request, int *is_done) {
    return MPI_Test(&request->value, is_done, MPI_STATUS_IGNORE);
}

static inline int rk_mpi_finalize(void) { return MPI_Finalize(); }

static inline int rk_mpi_abort(int code) { return MPI_Abort(MPI_COMM_WORLD, code); }

// `text` has room for rk_mpi_text_size() bytes.
static inline int rk_mpi_text_size(void) { return MPI_MAX_ERROR_STRING; }

static inline int rk_mpi_text(int error, char *text) {
    int length = 0;
    return MPI_Error_string(error, text, &length);
}

#endif
