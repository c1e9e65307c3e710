using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// Barriers in shared memory by address, PTX's <c>mbarrier</c>, of sm_90. A phase ends once as many have arrived as were named at
/// the start, and all bytes have come that were announced. Phases are told apart by their parity: the first has 0. To wait for
/// parity 1 of a new barrier returns at once.
/// </summary>
internal static class PhaseBarrier
{
    public const int Bytes = 8;

    /// <summary>By one thread, before <see cref="Offer"/> and a barrier of the group.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Start(uint at, int arrivals) => CudaAsm.Emit("mbarrier.init.shared.b64 [%0], %1;", at, arrivals);

    /// <summary>Makes barriers that this thread has started known to bulk copies and to the groups of its cluster.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Offer() => CudaAsm.Emit("fence.mbarrier_init.release.cluster;");

    /// <summary>Arrives, and announces bytes that bulk copies will bring in this phase.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Expect(uint at, int bytes) =>
        CudaAsm.Emit("mbarrier.arrive.expect_tx.shared.b64 _, [%0], %1;", at, bytes);

    /// <summary>
    /// Arrives at a barrier of any group of the pair, where <paramref name="lane"/> is below 2; without a branch, because
    /// products may be under way.
    /// </summary>
    /// <param name="at">See <see cref="GroupPair.Find"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Arrive(uint at, int lane) => CudaAsm.Emit(
        "{ .reg .pred arrives; setp.lt.s32 arrives, %1, 2; @arrives mbarrier.arrive.shared::cluster.b64 _, [%0]; }", at, lane);

    /// <summary>Arrives by the warp's first lane, after all lanes have met.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ArriveHere(uint at) => CudaAsm.Emit(
        "{ .reg .pred arrives; setp.eq.s32 arrives, %1, 0; @arrives mbarrier.arrive.shared.b64 _, [%0]; }", at, TensorLane.Index);

    /// <summary>
    /// Waits until the phase of a parity has ended. A try may itself wait for some time. After 2^26 tries, seconds at the least,
    /// the kernel fails, because a kernel that does not end could not even be reported.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Wait(uint at, uint parity) => CudaAsm.Emit(
        "{ .reg .pred done; .reg .b32 tries; mov.b32 tries, 0; "
        + "Again: mbarrier.try_wait.parity.shared.b64 done, [%0], %1; @done bra Done; "
        + "add.u32 tries, tries, 1; setp.lt.u32 done, tries, 67108864; @done bra Again; trap; Done: }",
        at, parity);
}
