using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.PtxMachine.Driver;

/// <summary>Tensor maps for bulk copies.</summary>
public static unsafe partial class CudaDriver
{
    // Of CUtensorMapDataType those of 16 bits.
    private const int UnsignedShort = 1;
    private const int Half = 6;
    private const int BFloat = 9;

    // Of CUtensorMapSwizzle: none, and rows of 32, 64 and 128 bytes.
    private static readonly int[] SwizzleBytes = [0, 32, 64, 128];

    [UnmanagedCallersOnly]
    private static CudaResult cuTensorMapEncodeTiled(
        byte* map, int type, uint rank, ulong address, ulong* dimensions, ulong* strides, uint* box, uint* elementStrides, int interleave,
        int swizzle, int promotion, int fill) => Call(() =>
    {
        const int MapAlignment = 64;
        const int AddressAlignment = 16;
        const ulong MostElements = 1UL << 32;
        const ulong MostPitch = 1UL << 40;
        const uint MostOfBox = 256;
        Require((ulong)map % MapAlignment == 0, $"a map at {(ulong)map:x}, expected multiples of {MapAlignment}");
        Require(type is UnsignedShort or Half or BFloat, $"elements of type {type} are not modelled");
        Require(rank == 2, $"a rank of {rank} is not modelled");
        Require(interleave == 0 && fill == 0, "interleaved elements, or a filling other than zeros, are not modelled");
        Require(promotion is >= 0 and <= 3, $"a promotion of {promotion}, expected 0 to 3");
        Require(swizzle is >= 0 and <= 3, $"a swizzle of {swizzle}, expected 0 to 3");
        Require(elementStrides[0] == 1 && elementStrides[1] == 1, "strides of elements are not modelled");
        Require(address % AddressAlignment == 0, $"a tensor at {address:x}, expected multiples of {AddressAlignment}");
        Require(
            strides[0] % AddressAlignment == 0 && strides[0] < MostPitch,
            $"rows {strides[0]} bytes apart, expected a multiple of {AddressAlignment} below {MostPitch}");
        for (int i = 0; i < rank; i++)
        {
            Require(dimensions[i] is > 0 and <= MostElements, $"{dimensions[i]} elements, expected 1 to {MostElements}");
            Require(box[i] is > 0 and <= MostOfBox, $"a box of {box[i]} elements, expected 1 to {MostOfBox}");
        }

        uint rowBytes = box[0] * TensorDescriptor.ElementBytes;
        Require(rowBytes % AddressAlignment == 0, $"a box with rows of {rowBytes} bytes, expected a multiple of {AddressAlignment}");
        Require(
            swizzle == 0 || rowBytes == SwizzleBytes[swizzle],
            $"a box with rows of {rowBytes} bytes, swizzled in {SwizzleBytes[swizzle]}, is not modelled");
        new TensorDescriptor(address, dimensions[0], dimensions[1], strides[0], (int)box[0], (int)box[1], SwizzleBytes[swizzle])
            .Write(new Span<byte>(map, TensorDescriptor.Bytes));
    });
}
