using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.OpenCL;
using Mistral.Ilgpu.Cli;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Drivers;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Kernels.Tests;
using Xunit;

namespace Mistral.Ilgpu.Tests.Execution;

/// <summary>An OpenCL driver that refuses: the message names the call and the code. What its compiler says is in
/// CompiledKernelsTests.</summary>
public sealed class OpenClFaultTests
{
    [Fact]
    [Trait(Needs.Trait, Needs.OpenCl)]
    public void Launch_OfGroupsThatAreTooLarge_TellsTheKernelTheCallAndTheCode()
    {
        var device = TestDevice.Get("opencl");
        var kernel = new CopyFloats(device.Upload(new Floats4[4]), device.Zeros<Floats4>(4));
        // Each dimension is what the device takes, all of them are not.
        var shape = new KernelConfig(new Index3D(1, 1, 1), new Index3D(device.Info.MaxGroupSize, 2, 1));
        string expected = $"device {device.Info.Id} could not launch CopyFloats: clEnqueueNDRangeKernel failed: CL_INVALID_WORK_GROUP_SIZE (-54)";
        Assert.Equal(expected, Assert.Throws<DeviceException>(() => device.Launch(shape, kernel)).Message);
        var bound = device.Bind(kernel);
        bound(new KernelConfig(1, 1));
        // Through the copy that keeps the arguments.
        Assert.Equal(expected, Assert.Throws<DeviceException>(() => bound(shape)).Message);
    }

    [Fact]
    [Trait(Needs.Trait, Needs.OpenCl)]
    public void Allocate_OfMoreThanADriverGivesAtOnce_TellsTheCallAndTheCode()
    {
        var device = TestDevice.Get("opencl");
        var exception = Assert.Throws<DeviceException>(
            () => device.Allocate<byte>(device.AvailableBytes, "a test", zeroed: false));
        Assert.StartsWith($"device {device.Info.Id} could not allocate ", exception.Message, StringComparison.Ordinal);
        Assert.EndsWith(" for a test: clCreateBuffer failed: CL_INVALID_BUFFER_SIZE (-61)", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Describe_FailureOfILGPUsOwnCall_NamesTheCode() =>
        Assert.Equal(
            "a call failed: CL_OUT_OF_RESOURCES (-5)", ComputeDevice.Describe(new CLException(CLError.CL_OUT_OF_RESOURCES)));

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 3)]
    public void Report_OfADeviceThatSaysMore_TellsItWhereAsked(bool isVerbose, int lines)
    {
        var error = new StringWriter();
        using var terminal = new Terminal(new StringReader(""), new StringWriter(), error);
        var exception = OpenClFaults.OfCompiling(
            "a device", "CopyFloats", "clBuildProgram", CLError.CL_BUILD_PROGRAM_FAILURE,
            "\ninput.cl:1: no type\ninput.cl:2: nor that\n");
        Assert.Equal(ExitCode.Device, CommandLine.Report(exception, terminal, isVerbose));
        string[] told = error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("mistral: a device could not compile CopyFloats: clBuildProgram failed: CL_BUILD_PROGRAM_FAILURE (-11): input.cl:1: no type", told[0]);
        Assert.Equal(lines, told.Length);
    }
}
