using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Measurement;

/// <summary>The bandwidth that copies allow a decoded token, on the devices of a model one after the other.</summary>
internal static class CopyLimit
{
    /// <summary>Measures the devices. With several, the bytes of a token divided by the time that all of them need at
    /// least.</summary>
    public static double Of(MistralModel model)
    {
        var token = new Pass(1, 0, 1);
        return model.Cost(token).Bytes
            / model.Parts.Sum(part => part.Graph.Cost(token).Bytes / CopyBandwidth.Measure(part.Device));
    }
}
