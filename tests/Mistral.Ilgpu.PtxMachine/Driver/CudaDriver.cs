using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.PtxMachine.Driver;

/// <summary>
/// NVIDIA's driver as the program sees it, on the PTX machine. The functions of the driver API that ILGPU and Mistral.Ilgpu call
/// are in a shared library, under their names. The system's loader gives it for <c>libcuda.so.1</c>. So the CUDA code of the host
/// runs without a GPU too: loading and launching, page-locked copies, events, captured graphs. What the documentation forbids
/// fails, and what it leaves open happens as late as it can.
/// </summary>
/// <remarks> Stricter than hardware: device memory cannot be read by the host. A fault in a kernel fails the call that waits for
/// it, with its message, and damages nothing else. Not modelled: more than one thing at a time, how long anything takes, peers,
/// and streams that wait for the default one. </remarks>
public static unsafe partial class CudaDriver
{
    private const string LibraryName = "libcuda.so.1";

    // 13.0, in CUDA's own notation.
    private const int Version = 13_000;

    private static readonly Lock Gate = new();
    private static readonly Dictionary<nint, object> Handles = [];
    private static readonly Dictionary<CudaResult, (string Message, nint Text)> LastMessages = [];
    private static readonly CudaDeviceModel[] Devices =
    [
        new(DeviceName, Bus: 1, 90, Multiprocessors: 4, 16L << 30),
        new($"{DeviceName} without bfloat16", Bus: 2, 70, Multiprocessors: 4, 16L << 30),
        new($"{DeviceName} with tensor cores for halves", Bus: 3, 75, Multiprocessors: 4, 16L << 30),
    ];

    private static int _plugged;
    private static nint _lastHandle = 0x1000;

    /// <summary>What the devices are called: the first is an sm_90, the second an sm_70, the third an sm_75.</summary>
    public const string DeviceName = "PTX machine";

    /// <summary>Its calls since new counts were last set here.</summary>
    public static CallCounts Counts { get; set; } = new();

    /// <summary>A function that refuses from now on, as an older driver would; null for none.</summary>
    public static string? Refused { get; set; }

    /// <summary>Why the driver cannot stand in for NVIDIA's here; null where it does.</summary>
    public static string? Absence { get; private set; } = "not installed";

    /// <summary>Takes the place of NVIDIA's driver for this process, unless that is there. Its devices are seen while they are
    /// plugged in.</summary>
    public static void Install()
    {
        if (Absence is null)
        {
            return;
        }

        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            Absence = "the PTX machine's driver is for Linux on x86-64";
            return;
        }

        if (NativeLibrary.TryLoad(LibraryName, out _))
        {
            Absence = "NVIDIA's driver is on this machine";
            return;
        }

        MethodInfo[] functions =
        [
            .. typeof(CudaDriver).GetMethods(BindingFlags.Static | BindingFlags.NonPublic)
                .Where(method => method.IsDefined(typeof(UnmanagedCallersOnlyAttribute))),
        ];
        string file = Path.Combine(Path.GetTempPath(), $"ptx-machine-{Environment.ProcessId}-{LibraryName}");
        File.WriteAllBytes(file, SharedLibrary.Make(LibraryName, [.. functions.Select(function => function.Name)]));
        // The loader knows it by its name from now on, wherever it came from.
        nint library = NativeLibrary.Load(file);
        File.Delete(file);
        var table = new Span<nint>((void*)NativeLibrary.GetExport(library, SharedLibrary.Table), functions.Length);
        for (int i = 0; i < functions.Length; i++)
        {
            table[i] = functions[i].MethodHandle.GetFunctionPointer();
        }

        Absence = null;
    }

    /// <summary>Shows the devices to programs until the result is disposed of.</summary>
    public static IDisposable PlugIn()
    {
        Interlocked.Increment(ref _plugged);
        return new Plug();
    }

    // Any exception becomes a result, because none may leave a function that native code calls.
    private static CudaResult Call(Action function, [CallerMemberName] string name = "")
    {
        lock (Gate)
        {
            try
            {
                Counts.Calls[name] = Counts.Calls.GetValueOrDefault(name) + 1;
                if (Refused == name)
                {
                    throw new CudaFault(CudaResult.NotSupported, $"{name} is refused");
                }

                function();
                return CudaResult.Success;
            }
            catch (CudaFault fault)
            {
                return Remember(fault.Result, $"{name}: {fault.Message}");
            }
            catch (PtxException exception)
            {
                return Remember(CudaResult.LaunchFailed, exception.Message);
            }
            catch (Exception exception)
            {
                return Remember(CudaResult.LaunchFailed, $"{name}: {exception}");
            }
        }
    }

    private static CudaResult Remember(CudaResult result, string message)
    {
        LastMessages.TryGetValue(result, out var last);
        if (last.Message != message)
        {
            // The old text stays, because a caller may still hold it.
            LastMessages[result] = (message, Marshal.StringToCoTaskMemUTF8(message));
        }

        return result;
    }

    private static nint NewHandle(object value)
    {
        Handles.Add(_lastHandle += 0x10, value);
        return _lastHandle;
    }

    private static T Get<T>(nint handle)
        where T : class =>
        Handles.TryGetValue(handle, out object? value) && value is T found
            ? found
            : throw new CudaFault(CudaResult.InvalidHandle, $"{handle:x} is no {typeof(T).Name}");

    private static T Take<T>(nint handle)
        where T : class
    {
        var value = Get<T>(handle);
        Handles.Remove(handle);
        return value;
    }

    private sealed class Plug : IDisposable
    {
        private int _isPulled;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isPulled, 1) == 0)
            {
                Interlocked.Decrement(ref _plugged);
            }
        }
    }
}
