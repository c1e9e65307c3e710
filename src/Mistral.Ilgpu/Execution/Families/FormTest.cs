using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Tests a form of CUDA's before its first use. If it fails, another form replaces it, and the device stays
/// usable.</summary>
internal static class FormTest
{
    /// <param name="what">What the form does, after "failed in".</param>
    /// <param name="feature">The feature that leaves it out.</param>
    /// <param name="results">How many results there are, and what they are.</param>
    /// <param name="tell">Gets the reason of a failure.</param>
    /// <exception cref="DeviceException">The test has made the device unusable.</exception>
    public static bool Passes(
        ComputeDevice device, string what, string feature, (int Count, string Name) results, Func<int> countWrong,
        Action<string> tell)
    {
        try
        {
            int wrong = countWrong();
            if (wrong > 0)
            {
                tell($"{wrong:N0} of {results.Count:N0} {results.Name} are wrong");
            }

            return wrong == 0;
        }
        catch (Exception exception)
        {
            string reason = exception.Message.ReplaceLineEndings(" ");
            RequireUsable(device, what, feature, reason);
            tell(reason);
            return false;
        }
    }

    // A fault in a kernel makes the context unusable for all later calls.
    private static void RequireUsable(ComputeDevice device, string what, string feature, string reason)
    {
        try
        {
            device.Synchronize();
        }
        catch (CudaException)
        {
            throw new DeviceException(
                $"device {device.Info.Id} ({device.Info.Name}) failed in {what}: {reason}; "
                + $"opened without {feature}, the device can be used");
        }
    }
}
