using System.Diagnostics;
using ILGPU.Runtime.OpenCL;

namespace Mistral.Ilgpu.Execution.Drivers;

/// <summary>
/// Formats errors of an OpenCL driver: the call and the name of its error code. ILGPU's exception has only the code, and not in
/// its message.
/// </summary>
internal static class OpenClFaults
{
    /// <summary>The message of an exception in one line. ILGPU's OpenCL exceptions get the failed call and its error
    /// code.</summary>
    public static string MessageOf(Exception exception) =>
        exception is CLException fault ? Failure(CallOf(fault), fault.Error) : exception.Message.ReplaceLineEndings(" ").Trim();

    /// <summary>The message for a failed call.</summary>
    public static string Failure(string call, CLError error) => $"{call} failed: {error} ({(int)error})";

    /// <summary>The exception for a failed launch. ILGPU's launchers set the arguments first.</summary>
    public static DeviceException OfLaunch(string deviceId, string form, CLError error)
    {
        bool isArgument = error is CLError.CL_INVALID_ARG_INDEX or CLError.CL_INVALID_ARG_VALUE or CLError.CL_INVALID_ARG_SIZE;
        string call = isArgument ? "clSetKernelArg" : "clEnqueueNDRangeKernel";
        return new DeviceException($"device {deviceId} could not launch {form}: {Failure(call, error)}");
    }

    /// <summary>The exception for a kernel that the driver could not compile.</summary>
    /// <param name="log">The compiler's log; null if the failure was not the compiler's.</param>
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

    // The call is inferred from the method of ILGPU that made it.
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
