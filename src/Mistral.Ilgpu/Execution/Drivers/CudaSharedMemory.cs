using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Execution.Drivers;

/// <summary>
/// Makes more than the default 48 KiB of shared memory available to a group, by calls of the driver, because ILGPU has none.
/// </summary>
internal static partial class CudaSharedMemory
{
    // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    private const int MaxDynamicBytes = 8;

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

    [LibraryImport("cuda", EntryPoint = "cuFuncSetAttribute")]
    private static partial int FunctionSetAttribute(nint function, int attribute, int value);
}
