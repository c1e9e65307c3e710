using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Execution.Drivers;

/// <summary>Shared memory of a group beyond the 48 KiB that it has where nobody asks for more, by the driver's own functions:
/// ILGPU has none.</summary>
internal static partial class CudaSharedMemory
{
    // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    private const int MaxDynamicBytes = 8;

    // CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
    private const DeviceAttributeKind MostBytesOfAGroup = (DeviceAttributeKind)97;

    /// <summary>Bytes that a group has if its kernel asks for them.</summary>
    public static int MostBytes(CudaAccelerator accelerator) =>
        CudaAPI.CurrentAPI.GetDeviceAttribute(MostBytesOfAGroup, accelerator.DeviceId);

    /// <summary>Lets launches of a function give each group so many bytes.</summary>
    /// <param name="name">Of the kernel, for people.</param>
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

    [LibraryImport("cuda", EntryPoint = "cuFuncSetAttribute")]
    private static partial int FunctionSetAttribute(nint function, int attribute, int value);
}
