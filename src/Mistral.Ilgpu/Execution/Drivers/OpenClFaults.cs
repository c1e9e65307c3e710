using System.Diagnostics;
using ILGPU.Runtime.OpenCL;

namespace Mistral.Ilgpu.Execution.Drivers;

/// <summary>Failures of an OpenCL driver in words: the call and the name of its code. ILGPU's exception tells the code alone, and
/// not in its message.</summary>
internal static class OpenClFaults
{
    /// <summary>The message of an exception in one line; of ILGPU's for OpenCL the call that failed and its code.</summary>
    public static string MessageOf(Exception exception) =>
        exception is CLException fault ? Failure(CallOf(fault), fault.Error) : exception.Message.ReplaceLineEndings(" ").Trim();

    /// <summary>That a call failed.</summary>
    public static string Failure(string call, CLError error) => $"{call} failed: {error} ({(int)error})";

    /// <summary>A launch that failed; ILGPU's launchers set the arguments first.</summary>
    public static DeviceException OfLaunch(string deviceId, string form, CLError error)
    {
        bool isArgument = error is CLError.CL_INVALID_ARG_INDEX or CLError.CL_INVALID_ARG_VALUE or CLError.CL_INVALID_ARG_SIZE;
        string call = isArgument ? "clSetKernelArg" : "clEnqueueNDRangeKernel";
        return new DeviceException($"device {deviceId} could not launch {form}: {Failure(call, error)}");
    }

    /// <summary>A kernel that the driver could not compile.</summary>
    /// <param name="log">What its compiler said; null where it was not the compiler that failed.</param>
    public static DeviceException OfCompiling(string deviceName, string form, string call, CLError error, string? log)
    {
        string? firstLine = log?.Split(
            '\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault();
        return new DeviceException(
            $"{deviceName} could not compile {form}: {Failure(call, error)}{(firstLine is null ? "" : $": {firstLine}")}")
        {
            Details = string.IsNullOrWhiteSpace(log) ? null : log.Trim(),
        };
    }

    // By the method of ILGPU's that made the call.
    private static string CallOf(CLException fault)
    {
        var method = new StackTrace(fault).GetFrames().Select(frame => frame.GetMethod())
            .FirstOrDefault(method => method?.DeclaringType is { Namespace: "ILGPU.Runtime.OpenCL" } type
                && type != typeof(CLException));
        return (method?.DeclaringType?.Name, method?.Name) switch
        {
            ("CLAccelerator", ".ctor") => "clCreateContext",
            ("CLStream", ".ctor") => "clCreateCommandQueue",
            ("CLStream", "Synchronize") => "clFinish",
            ("CLMemoryBuffer", ".ctor") => "clCreateBuffer",
            ("CLMemoryBuffer", "CLMemSet") => "clEnqueueFillBuffer",
            ("CLMemoryBuffer", "CLCopy") => "a copy",
            (null, _) => "a call",
            var (type, name) => $"{type}.{name}",
        };
    }
}
