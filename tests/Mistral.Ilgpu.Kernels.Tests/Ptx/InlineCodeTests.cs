using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Ptx;

/// <summary>Inline PTX and shuffles as ILGPU writes them go through the machine like the rest of a kernel.</summary>
public sealed class InlineCodeTests
{
    [Theory]
    [InlineData("cuda")]
    public void Dp4a_Inline_GivesItsSum(string name)
    {
        var device = TestDevice.Get(name);
        int[] a = [.. Enumerable.Range(0, 50).Select(i => (i * 0x01020304) ^ 0x55AA)];
        var sums = device.Zeros<int>(a.Length);
        device.Launch(new KernelConfig(1, 64), new DotOfBytes(device.Upload(a), sums));
        Assert.Equal(a.Select(value => BitConverter.GetBytes(value).Sum(b => (sbyte)b * (sbyte)b) + 3), device.Download(sums));
    }

    [Theory]
    [InlineData("cuda")]
    public void Shuffles_OfAWarp_SumItsLanes(string name)
    {
        var device = TestDevice.Get(name);
        float[] values = new RandomData().Floats(64);
        var sums = device.Zeros<float>(64);
        device.Launch(new KernelConfig(1, 64), new SumOfWarp(device.Upload(values), sums));
        float[] found = device.Download(sums);
        for (int i = 0; i < 64; i++)
        {
            Assert.Equal(values.Skip(i / 32 * 32).Take(32).Sum(v => (double)v), found[i], 1e-5);
        }
    }

    [Theory]
    [InlineData("cuda")]
    public void SharedMemory_DeclaredInline_CarriesValues(string name)
    {
        var device = TestDevice.Get(name);
        int[] values = [.. Enumerable.Range(0, 64)];
        var reversed = device.Zeros<int>(64);
        device.Launch(new KernelConfig(1, 64), new ReverseThroughShared(device.Upload(values), reversed));
        Assert.Equal(values.Reverse(), device.Download(reversed));
    }

    public readonly record struct DotOfBytes(ArrayView<int> Values, ArrayView<int> Sums) : IKernel
    {
        public void Execute()
        {
            if (Group.IdxX < Values.Length)
            {
                int value = Values[Group.IdxX];
                CudaAsm.Emit("dp4a.s32.s32 %0, %1, %1, 3;", out int sum, value);
                Sums[Group.IdxX] = sum;
            }
        }
    }

    public readonly record struct SumOfWarp(ArrayView<float> Values, ArrayView<float> Sums) : IKernel
    {
        public void Execute()
        {
            float sum = Values[Group.IdxX];
            for (int offset = 16; offset > 0; offset /= 2)
            {
                sum += Warp.ShuffleXor(sum, offset);
            }

            Sums[Group.IdxX] = sum;
        }
    }

    public readonly record struct ReverseThroughShared(ArrayView<int> Values, ArrayView<int> Reversed) : IKernel
    {
        public void Execute()
        {
            CudaAsm.Emit("{ .shared .align 16 .b8 values[256]; mov.u32 %0, values; }", out uint address);
            CudaAsm.Emit("st.shared.b32 [%0], %1;", address + (uint)(4 * Group.IdxX), Values[Group.IdxX]);
            Group.Barrier();
            CudaAsm.Emit("ld.shared.b32 %0, [%1];", out int value, address + (uint)(4 * (63 - Group.IdxX)));
            Reversed[Group.IdxX] = value;
        }
    }
}
