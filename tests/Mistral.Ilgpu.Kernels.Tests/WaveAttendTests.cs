using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Devices;
using static Mistral.Ilgpu.Kernels.Tests.RaggedPasses;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Attention of prompts by waves, as <see cref="AttendTests"/>: on the CPU accelerator, on an sm_70 of the PTX machine,
/// and in OpenCL with emulated waves of 32 and 64.</summary>
public sealed class WaveAttendTests
{
    private const string Cpu = "cpu:256", Cuda = "cuda:1";

    public static TheoryData<string> Devices =>
        [new(Cpu), .. new[] { new TheoryDataRow<string>(Cuda), Emulated(32), Emulated(64) }.Select(Needs.ByHand)];

    [Theory]
    [MemberData(nameof(Devices))]
    public void WaveAttention_RaggedPassesOverRings_EqualsReference(string name) => On(name, device =>
    {
        Check<Float32, float>(device, new Shape(21, 1, 3, 32, 16, 40), TensorFormat.Float32, Form.Wave, 2e-5, passes: 4);
        Check<Int8Cache, sbyte>(device, new Shape(17, 2, 1, 32, 16, 40), TensorFormat.Q8_0, Form.Wave, 6e-2, passes: 4);
        if (name == Cpu)
        {
            // A barrier costs a tenth of a millisecond there.
            return;
        }

        // As many heads to a kv head as are turned at once, and more, in the same form.
        Check<Float32, float>(device, new Shape(33, 1, 16, 64, 16, 60), TensorFormat.Float32, Form.Wave, 2e-5, passes: 3);
        Check<Float32, float>(device, new Shape(20, 1, 20, 32, 16, 40), TensorFormat.Float32, Form.Wave, 2e-5, passes: 3);
        Check<Float32, float>(device, new Shape(1, 1, 2, 16, 16, 24), TensorFormat.Float32, Form.Wave, 2e-5, passes: 3);
        if (name == "opencl:64")
        {
            // Each form takes PoCL most of a minute to compile.
            return;
        }

        // Heads that fill a team's lanes, and some that leave lanes idle; the larger room.
        Check<BFloat16, ushort>(device, new Shape(40, 1, 5, 256, 16, 70), TensorFormat.BFloat16, Form.Wave, 3e-2, passes: 3);
        Check<Int8Cache, sbyte>(device, new Shape(40, 1, 2, 192, 16, 70), TensorFormat.Q8_0, Form.Wave, 6e-2, passes: 3);
        Check<Float16, ushort>(device, new Shape(64, 2, 4, 128, 16, 150), TensorFormat.Float16, Form.Wave, 4e-3, passes: 4);
        Check<Float16, ushort>(device, new Shape(50, 1, 6, 80, 16, 80), TensorFormat.Float16, Form.Wave, 4e-3, passes: 3);
        Check<BFloat16, ushort>(device, new Shape(33, 2, 2, 48, 32, 50), TensorFormat.BFloat16, Form.Wave, 3e-2, passes: 4);
    });

    private static void On(string name, Action<ComputeDevice> check)
    {
        if (name == Cpu)
        {
            check(TestDevice.Get(name));
            return;
        }

        using var device = name switch
        {
            Cuda => TestDevice.OpenCounted(name),
            "opencl:32" => TestDevice.OpenAs(KernelFamily.Amd, WaveFeatures.Emulated32),
            _ => TestDevice.OpenAs(KernelFamily.Amd, WaveFeatures.Emulated64),
        };
        check(device);
    }

    private static TheoryDataRow<string> Emulated(int lanes) =>
        new TheoryDataRow<string>($"opencl:{lanes}").WithTrait(Needs.Trait, Needs.OpenCl);
}
