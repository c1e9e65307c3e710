using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Execution.Drivers;

/// <summary>
/// Describes a matrix of 16-bit numbers for bulk copies of tiles (<see cref="TensorMap"/>), by a call of the driver, because
/// ILGPU has none. Drivers of CUDA 12 have it.
/// </summary>
internal static partial class CudaTensorMap
{
    // CU_TENSOR_MAP_DATA_TYPE_UINT16: bits are copied as they are.
    private const int Bits16 = 1;

    // CU_TENSOR_MAP_SWIZZLE_128B
    private const int Swizzle128Bytes = 3;

    // CU_TENSOR_MAP_L2_PROMOTION_L2_256B
    private const int Promote256Bytes = 3;

    private const int Alignment = 64;

    /// <summary>The map's bytes.</summary>
    /// <param name="address">Of the first number on the device, a multiple of 16.</param>
    /// <param name="stride">Numbers of a row, a multiple of 8.</param>
    /// <param name="tileRows">Rows of a tile, at most 256.</param>
    /// <exception cref="DeviceException">The driver refuses, or is too old.</exception>
    public static byte[] Encode(CudaAccelerator accelerator, nint address, long rows, int stride, int tileRows)
    {
        accelerator.Bind();
        byte[] room = GC.AllocateArray<byte>(TensorMap.Bytes + Alignment, pinned: true);
        nint start = Marshal.UnsafeAddrOfPinnedArrayElement(room, 0);
        nint map = (start + Alignment - 1) & -Alignment;
        try
        {
            if (EncodeTiled(
                map, Bits16, 2, address, [(ulong)stride, (ulong)rows], [(ulong)stride * sizeof(ushort)],
                [WarpgroupMemory.Depth, (uint)tileRows], [1, 1], 0, Swizzle128Bytes, Promote256Bytes, 0) is not 0 and var error)
            {
                throw new DeviceException(
                    $"cuTensorMapEncodeTiled failed: {CudaAPI.CurrentAPI.GetErrorString((CudaError)error)} ({error})");
            }
        }
        catch (EntryPointNotFoundException)
        {
            throw new DeviceException("the driver has no cuTensorMapEncodeTiled");
        }

        return room.AsSpan((int)(map - start), TensorMap.Bytes).ToArray();
    }

    [LibraryImport("cuda", EntryPoint = "cuTensorMapEncodeTiled")]
    private static partial int EncodeTiled(
        nint map, int type, uint rank, nint address, ulong[] dimensions, ulong[] strides, uint[] box, uint[] elementStrides,
        int interleave, int swizzle, int promotion, int fill);
}
