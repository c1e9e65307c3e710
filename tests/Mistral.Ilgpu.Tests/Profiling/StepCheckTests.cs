using ILGPU.Runtime;
using Mistral.Ilgpu.Diagnostics.Profiling;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;
using Mistral.Ilgpu.Tests.Cli;
using Mistral.Ilgpu.Tests.Model;
using Xunit;

namespace Mistral.Ilgpu.Tests.Profiling;

/// <summary>That <c>--check</c> finds the very step that is wrong, and none where none is.</summary>
public sealed class StepCheckTests
{
    private static readonly int[] Prompt = [.. Enumerable.Range(3, 90)];

    public static TheoryData<string> Devices => TestDevice.Rows("cpu", "opencl");

    [Theory]
    [MemberData(nameof(Devices))]
    public void Check_OfTinyPastItsWindow_FindsNoDifference(string device)
    {
        _ = TestDevice.Get(device);
        var result = CommandRun.Of("profile", "--check", "--device", device, "-p", "90", "-n", "4", "--format", "json", "--quiet")
            .Expect(0).Json;
        Assert.Equal(System.Text.Json.JsonValueKind.Null, result.GetProperty("first_difference").ValueKind);
        Assert.Equal(5, result.GetProperty("passes").GetInt32());
        double[] errors = [.. result.GetProperty("worst_errors").EnumerateObject().Select(step => step.Value.GetDouble())];
        Assert.Equal(10, errors.Length);
        Assert.All(errors, error => Assert.InRange(error, 0, 1e-4));
    }

    [Theory]
    [InlineData("cpu", "layers.4.attend", 2, "the token at position 91", 0)]
    [InlineData("opencl", "layers.2.swiglu", 0, "the prompt's tokens from 0 to 89", 17, Traits = [Needs.Trait, Needs.OpenCl])]
    [InlineData("opencl", "layers.4.attend", 2, "the token at position 91", 0, Traits = [Needs.Trait, Needs.OpenCl])]
    [InlineData("opencl", "embed", 1, "the token at position 90", 0, Traits = [Needs.Trait, Needs.OpenCl])]
    [InlineData("opencl", "output", 0, "the prompt's tokens from 0 to 89", 0, Traits = [Needs.Trait, Needs.OpenCl])]
    public void Check_OneWrongElement_NamesItsStep(string device, string wrong, int atPass, string expectedPass, int row)
    {
        using var model = MistralModel.Load(TinyModel.Required, TestDevice.Get(device));
        using var reference = MistralModel.Load(TinyModel.Required, TestDevice.Get("cpu"));
        int pass = -1;
        using var walk = model.WalkBy((step, at) =>
        {
            step.Launch(at);
            pass += step.Name == "embed" ? 1 : 0;
            if (step.Name == wrong && pass == atPass)
            {
                Spoil(model.Devices[0], step.Output!, row);
            }
        });

        var found = new StepCheck(model, reference).Run(Prompt, 4, TestContext.Current.CancellationToken).First;
        Assert.NotNull(found);
        Assert.Equal((wrong, expectedPass, row), (found.Step, found.Pass, found.Row));
        Assert.True(found.Error > StepCheck.Tolerance);
    }

    [Fact]
    public void Check_NotANumber_IsADifference()
    {
        using var model = MistralModel.Load(TinyModel.Required, TestDevice.Get("cpu"));
        using var reference = MistralModel.Load(TinyModel.Required, TestDevice.Get("cpu"));
        using var walk = model.WalkBy((step, pass) =>
        {
            step.Launch(pass);
            if (step.Name == "norm")
            {
                step.Output!.View.SubView(3, 1).CopyFromCPU(model.Devices[0].Stream, [float.NaN]);
            }
        });
        var found = new StepCheck(model, reference).Run([1, 2, 3], 0, TestContext.Current.CancellationToken).First;
        Assert.Equal(("norm", double.NaN), (found!.Step, found.Error));
    }

    // One element of the row, off by its own size and a little.
    private static void Spoil(ComputeDevice device, Activation output, int row)
    {
        var element = output.View.SubView(((long)row * output.Stride) + 5, 1);
        float value = device.Download(element)[0];
        element.CopyFromCPU(device.Stream, [(2 * value) + 0.1f]);
    }
}
