using System.Globalization;
using System.Text;
using ILGPU.Backends.OpenCL;
using ILGPU.Runtime.OpenCL;

namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>What the compiler of an OpenCL device accepts for waves. It is asked once for each driver, and the answer is
/// kept.</summary>
internal static class OpenClWaves
{
    // Kernels count a wave as 32 lanes.
    private const int LeastLanes = 32;

    public static WaveFeatures Of(CLAccelerator accelerator)
    {
        var device = (CLDevice)accelerator.Device;
        string file = UserCache.FileFor(
            "waves", $"{device.Name}|{device.PlatformVersion}|{device.DeviceVersion}|{device.Extensions}|{WaveProbe.Text}",
            ".txt");
        if (int.TryParse(UserCache.Read(file), CultureInfo.InvariantCulture, out int kept))
        {
            return (WaveFeatures)kept;
        }

        var accepted = WaveProbe.Of(program => Accepts(accelerator, program));
        if (!accepted.HasFlag(WaveFeatures.Width16))
        {
            accepted = accelerator.WarpSize switch
            {
                >= LeastLanes => accepted,
                16 => accepted | WaveFeatures.Width16,
                _ => accepted & ~WaveFeatures.Shuffle,
            };
        }

        UserCache.Write(file, Encoding.UTF8.GetBytes(((int)accepted).ToString(CultureInfo.InvariantCulture)));
        return accepted;
    }

    private static bool Accepts(CLAccelerator accelerator, string program)
    {
        var error = CLKernel.LoadKernel(
            accelerator, WaveProbe.Name, program, accelerator.Backend.CLStdVersion, out nint built, out nint kernel, out _);
        if (error != CLError.CL_SUCCESS)
        {
            return false;
        }

        CLException.ThrowIfFailed(CLAPI.CurrentAPI.ReleaseKernel(kernel));
        CLException.ThrowIfFailed(CLAPI.CurrentAPI.ReleaseProgram(built));
        return true;
    }
}
