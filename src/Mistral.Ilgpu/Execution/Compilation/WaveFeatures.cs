namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>What a compiler of OpenCL C accepts for waves, see <see cref="WaveProbe"/>.</summary>
[Flags]
internal enum WaveFeatures
{
    None = 0,

    /// <summary>Exchanges by data-parallel primitives and swizzles: AMD.</summary>
    Dpp = 1,

    /// <summary>Exchanges by <c>cl_khr_subgroup_shuffle</c>.</summary>
    Shuffle = 2,

    /// <summary>Products of four bytes, both signed: AMD, before RDNA3.</summary>
    Sdot4 = 4,

    /// <summary>Products of four bytes, signed or not: AMD, from RDNA3 on.</summary>
    Sudot4 = 8,

    /// <summary>Products of four bytes by <c>cl_khr_integer_dot_product</c>.</summary>
    Dot = 16,

    /// <summary>A choice of bytes: AMD.</summary>
    Perm = 32,

    /// <summary>Matrix cores of RDNA3: waves of 32, operands in both halves of a wave.</summary>
    Wmma = 64,

    /// <summary>Matrix cores of RDNA4: waves of 32.</summary>
    Wmma12 = 128,

    /// <summary>Matrix cores of CDNA2 and later: waves of 64.</summary>
    Mfma = 256,

    /// <summary>Products of two halves, added in float32: AMD, from RDNA2 on.</summary>
    Fdot2 = 512,

    /// <summary>Waves of 32 emulated through local memory, on any driver.</summary>
    Emulated32 = 1024,

    /// <summary>The same of 64.</summary>
    Emulated64 = 2048,

    /// <summary>
    /// Waves of 16, which kernels ask for by <c>cl_intel_required_subgroup_size</c>, or which are all that a device has.
    /// Otherwise Intel's compiler chooses 8, 16 or 32 for each kernel. With 32 it has half as many registers for a lane.
    /// </summary>
    Width16 = 4096,
}
