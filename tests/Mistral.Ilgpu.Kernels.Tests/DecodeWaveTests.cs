using Mistral.Ilgpu.Execution.Devices;
using static Mistral.Ilgpu.Kernels.Tests.RaggedPasses;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>
/// Attention of decoded tokens by waves, as <see cref="AttendTests"/>: on the CPU accelerator, in OpenCL with emulated waves of
/// 32 and 64, and on an sm_70 of the PTX machine. Prompts are in the simplest form.
/// </summary>
public sealed class DecodeWaveTests
{
    private const string Cpu = "cpu:waves", Cuda = "cuda:1", OpenCl32 = "opencl:wave32", OpenCl64 = "opencl:wave64";

    public static TheoryData<string> Devices => [.. TestDevice.Rows(Cpu, OpenCl32, OpenCl64, Cuda).Select(Needs.ByHand)];

    // Windows below, at and beside a tile's length; heads that fill a team's lanes, and some that leave lanes idle; as many heads
    // to a kv head as are worked on at once, and more; teams with one tile of a split, and with more.
    public static TheoryData<string, TensorFormat, int, int, int, int> Formats
    {
        get
        {
            var data = new TheoryData<string, TensorFormat, int, int, int, int>();
            foreach (string device in new[] { Cpu, OpenCl32, OpenCl64, Cuda })
            {
                foreach (var (format, headDim, group, window, splitTiles) in new[]
                {
                    (TensorFormat.Float32, 64, 1, 21, 2), (TensorFormat.Float32, 16, 2, 1, 2),
                    (TensorFormat.Float32, 32, 20, 50, 3), (TensorFormat.BFloat16, 256, 5, 40, 2),
                    (TensorFormat.BFloat16, 48, 16, 80, 5), (TensorFormat.Float16, 128, 4, 64, 2),
                    (TensorFormat.Float16, 80, 6, 16, 1), (TensorFormat.Q8_0, 64, 8, 85, 5), (TensorFormat.Q8_0, 192, 2, 40, 2),
                })
                {
                    data.Add(Needs.ByHand(new TheoryDataRow<string, TensorFormat, int, int, int, int>(
                        device, format, headDim, group, window, splitTiles)));
                }
            }

            return data;
        }
    }

    // As small as a text past its window in two splits can be, for simulators.
    [Fact]
    [Trait(Needs.Trait, Needs.OpenCl)]
    public void DecodedTokens_InEmulatedWaves_EqualReference() => On(OpenCl32, device =>
        Check<Float32, float>(
            device, new Shape(17, 1, 2, 16, 16, 38), TensorFormat.Float32, Form.DecodeWave, 2e-5, passes: 2, prompt: 19,
            splitTiles: 1));

    // The first split has more tiles than a head has teams, and the second has the token's own.
    [Theory]
    [MemberData(nameof(Devices))]
    public void DecodedTokens_OfTwoSplits_EqualReference(string name) => On(name, device =>
        Check<Float16, ushort>(
            device, new Shape(70, 1, 8, 32, 16, 170), TensorFormat.Float16, Form.DecodeWave, 4e-3, passes: 2, prompt: 85,
            splitTiles: 5));

    [Theory]
    [MemberData(nameof(Formats))]
    public void DecodedTokens_OfEveryCache_EqualReference(
        string name, TensorFormat format, int headDim, int group, int window, int splitTiles) => On(name, device =>
        {
            var shape = new Shape(window, 2, group, headDim, 16, 110);
            switch (format)
            {
                case TensorFormat.Float32:
                    Check<Float32, float>(device, shape, format, Form.DecodeWave, 2e-5, passes: 4, splitTiles: splitTiles);
                    break;
                case TensorFormat.BFloat16:
                    Check<BFloat16, ushort>(device, shape, format, Form.DecodeWave, 3e-2, passes: 4, splitTiles: splitTiles);
                    break;
                case TensorFormat.Float16:
                    Check<Float16, ushort>(device, shape, format, Form.DecodeWave, 4e-3, passes: 4, splitTiles: splitTiles);
                    break;
                default:
                    Check<Int8Cache, sbyte>(device, shape, format, Form.DecodeWave, 6e-2, passes: 4, splitTiles: splitTiles);
                    break;
            }
        });

    private static void On(string name, Action<ComputeDevice> check)
    {
        if (name == Cuda)
        {
            using var device = TestDevice.OpenCounted(name);
            check(device);
        }
        else
        {
            check(TestDevice.Get(name));
        }
    }
}
