using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Execution.Drivers;

/// <summary>
/// How much shared memory functions get, by calls of the driver, because ILGPU has none: more than the default 48 KiB to a group,
/// and the same part of a multiprocessor's cache to all.
/// </summary>
internal static partial class CudaSharedMemory
{
    // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    private const int MaxDynamicBytes = 8;

    // CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, in percent.
    private const int PreferredPart = 9;

    private const int All = 100;

    // CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
    private const DeviceAttributeKind MostBytesOfAGroup = (DeviceAttributeKind)97;

    /// <summary>The most bytes that a kernel can request for a group.</summary>
    public static int MostBytes(CudaAccelerator accelerator) =>
        CudaAPI.CurrentAPI.GetDeviceAttribute(MostBytesOfAGroup, accelerator.DeviceId);

    /// <summary>Allows launches of a function to give each group that many bytes.</summary>
    /// <param name="name">The kernel's name, for messages.</param>
    /// <exception cref="DeviceException">The driver refuses.</exception>
    public static void Allow(CudaAccelerator accelerator, nint function, int bytes, string name)
    {
        accelerator.Bind();
        if (FunctionSetAttribute(function, MaxDynamicBytes, bytes) is not 0 and var error)
        {
            throw new DeviceException(
                $"{name} needs {bytes:N0} bytes of shared memory: cuFuncSetAttribute failed: "
                + $"{CudaAPI.CurrentAPI.GetErrorString((CudaError)error)} ({error})");
        }
    }

    /// <summary>
    /// Prefers as much shared memory as a multiprocessor has while a function runs. Every kernel prefers the same, because a
    /// multiprocessor changes the part between two kernels only once it is empty, so that none begins early. What remains is
    /// 28 KiB of cache for loads, which hold a token's activations. It is a hint: a driver that refuses it runs kernels all the
    /// same.
    /// </summary>
    public static void PreferAll(CudaAccelerator accelerator, nint function)
    {
        accelerator.Bind();
        _ = FunctionSetAttribute(function, PreferredPart, All);
    }

    [LibraryImport("cuda", EntryPoint = "cuFuncSetAttribute")]
    private static partial int FunctionSetAttribute(nint function, int attribute, int value);
}
