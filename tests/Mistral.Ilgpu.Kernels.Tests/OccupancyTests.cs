using Mistral.Ilgpu.Diagnostics.Inspection;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Against NVIDIA's own calculator (Nsight Compute's occupancy page) and its documentation's examples.</summary>
public sealed class OccupancyTests
{
    [Theory]
    // 64 registers × 32 lanes = 2,048 a warp: 32 warps, four groups of eight.
    [InlineData(64, 0, 256, 80, 4, 32, "registers")]
    // Few of anything: the warps run out.
    [InlineData(32, 0, 256, 80, 8, 64, "warps")]
    // 48 KiB and the system's one: three groups in 164 KiB, two in 100, four in 228.
    [InlineData(128, 49152, 128, 80, 3, 12, "shared memory")]
    [InlineData(128, 49152, 128, 89, 2, 8, "shared memory")]
    [InlineData(128, 49152, 128, 90, 4, 16, "registers")]
    // 219 × 32 is 7,008, in units of 256 7,168: nine warps, in units of four eight.
    [InlineData(219, 0, 128, 90, 2, 8, "registers")]
    // A form of 192 KiB, which a launch gives it.
    [InlineData(128, 197120, 256, 90, 1, 8, "shared memory")]
    // One warp to a group.
    [InlineData(16, 0, 32, 86, 16, 16, "groups")]
    public void Of_Resources_IsWhatRunsOutFirst(
        int registers, int shared, int threads, int architecture, int groups, int warps, string limit)
    {
        var occupancy = Occupancy.Of(new PtxResources(registers, shared, 0), threads, architecture)!;
        Assert.Equal((groups, warps, limit), (occupancy.Groups, occupancy.Warps, occupancy.Limit));
    }

    [Fact]
    public void Of_UnknownArchitecture_IsNull() => Assert.Null(Occupancy.Of(new PtxResources(32, 0, 0), 256, 61));
}
