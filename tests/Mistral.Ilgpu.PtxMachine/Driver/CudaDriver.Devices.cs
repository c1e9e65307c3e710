using System.Runtime.InteropServices;
using System.Text;

namespace Mistral.Ilgpu.PtxMachine.Driver;

/// <summary>Devices and contexts.</summary>
public static unsafe partial class CudaDriver
{
    [ThreadStatic]
    private static CudaContext? _current;

    private static CudaContext Current =>
        _current ?? throw new CudaFault(CudaResult.InvalidContext, "the thread has no current context");

    [UnmanagedCallersOnly]
    private static CudaResult cuInit(int flags) => Call(() => Require(flags == 0, $"flags {flags}"));

    [UnmanagedCallersOnly]
    private static CudaResult cuDriverGetVersion(int* version) => Call(() => *version = Version);

    [UnmanagedCallersOnly]
    private static CudaResult cuDeviceGetCount(int* count) => Call(() => *count = _plugged > 0 ? Devices.Length : 0);

    [UnmanagedCallersOnly]
    private static CudaResult cuDeviceGet(int* device, int ordinal) => Call(() =>
    {
        _ = Model(ordinal);
        *device = ordinal;
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuDeviceGetName(byte* name, int length, int device) => Call(() =>
    {
        var text = Encoding.ASCII.GetBytes(Model(device).Name + '\0');
        text.AsSpan(0, Math.Min(length, text.Length)).CopyTo(new Span<byte>(name, length));
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuDeviceTotalMem_v2(nuint* bytes, int device) =>
        Call(() => *bytes = (nuint)Model(device).MemoryBytes);

    [UnmanagedCallersOnly]
    private static CudaResult cuDeviceGetAttribute(int* value, int attribute, int device) => Call(() =>
        *value = Model(device).Attribute(attribute) ?? throw new CudaFault(CudaResult.InvalidValue, $"attribute {attribute} is not modelled"));

    [UnmanagedCallersOnly]
    private static CudaResult cuCtxCreate_v2(nint* context, int flags, int device) => Call(() =>
    {
        _current = new CudaContext(Model(device));
        *context = NewHandle(_current);
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuCtxDestroy_v2(nint handle) => Call(() =>
    {
        var context = Take<CudaContext>(handle);
        context.Drain();
        foreach (ulong address in context.Allocated.ToArray())
        {
            Free(context, address);
        }

        if (_current == context)
        {
            _current = null;
        }
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuCtxSetCurrent(nint context) =>
        Call(() => _current = context == 0 ? null : Get<CudaContext>(context));

    [UnmanagedCallersOnly]
    private static CudaResult cuCtxSynchronize() => Call(() =>
    {
        Current.RefuseWhileCapturing("the context was waited for");
        Current.Drain();
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuCtxGetCacheConfig(int* config) => Call(() => *config = 0);

    [UnmanagedCallersOnly]
    private static CudaResult cuCtxGetSharedMemConfig(int* config) => Call(() => *config = 0);

    [UnmanagedCallersOnly]
    private static CudaResult cuGetErrorString(CudaResult result, nint* text)
    {
        lock (Gate)
        {
            if (!LastMessages.TryGetValue(result, out var last))
            {
                Remember(result, result.ToString());
                last = LastMessages[result];
            }

            *text = last.Text;
            return CudaResult.Success;
        }
    }

    private static CudaDeviceModel Model(int device) =>
        (uint)device < Devices.Length
            ? Devices[device]
            : throw new CudaFault(CudaResult.InvalidDevice, $"there is no device {device}");

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new CudaFault(CudaResult.InvalidValue, otherwise);
        }
    }
}
