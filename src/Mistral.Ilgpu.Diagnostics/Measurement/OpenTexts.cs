using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Diagnostics.Measurement;

/// <summary>Texts of a model that are open together. Disposing frees their pages.</summary>
internal sealed class OpenTexts : IDisposable
{
    private readonly List<Sequence> _sequences = [];

    /// <param name="tokens">The most tokens of each text.</param>
    /// <exception cref="ContextFullException">The texts would be longer than the context.</exception>
    /// <exception cref="DeviceException">The cache has no room for so many texts.</exception>
    public OpenTexts(MistralModel model, int count, int tokens)
    {
        try
        {
            while (_sequences.Count < count)
            {
                _sequences.Add(model.TryOpen(tokens) ?? throw new DeviceException(
                    $"device {model.Devices.Id} is out of memory: the cache has no room for a text of "
                    + $"{tokens:N0} tokens beside {_sequences.Count} others"));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public IReadOnlyList<Sequence> Sequences => _sequences;

    public void Dispose() => _sequences.ForEach(sequence => sequence.Dispose());
}
