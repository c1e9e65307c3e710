using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Model;

/// <summary>Adapters, which come and go between passes.</summary>
internal sealed partial class MistralModel
{
    /// <summary>The adapters that texts may have.</summary>
    public AdapterTable Adapters { get; }

    /// <summary>
    /// The mask of the adapters that are applied in the next pass. Change it between texts, because the content of the cache
    /// depends on them.
    /// </summary>
    public ulong AdaptersOn { get; set; }

    /// <summary>Loads an adapter beside passes, which wait no longer than its values are copied. For any thread.</summary>
    /// <param name="index">The index of its bit in masks, which no text has.</param>
    /// <exception cref="ModelFileException">The adapter is missing, damaged, or does not fit the model.</exception>
    /// <exception cref="DeviceException">The device has less memory left.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void LoadAdapter(int index, LoraOptions options, CancellationToken cancellation)
    {
        var terms = Array.ConvertAll(_parts, part => part.ReadAdapter(options, cancellation));
        var adapters = new List<AdapterWeights>();
        try
        {
            for (int i = 0; i < _parts.Length; i++)
            {
                using (Enter())
                {
                    adapters.Add(_parts[i].UploadAdapter(index, terms[i]));
                }

                _parts[i].Compile(adapters[i], cancellation);
            }

            using var entered = Enter();
            for (int i = 0; i < _parts.Length; i++)
            {
                _parts[i].Add(adapters[i]);
            }
        }
        catch
        {
            using var entered = Devices.Enter();
            adapters.ForEach(adapter => adapter.Dispose());
            throw;
        }
    }

    /// <summary>Frees an adapter that no text has. For any thread.</summary>
    public void UnloadAdapter(int index)
    {
        using var entered = Enter();
        Array.ForEach(_parts, part => part.RemoveAdapter(index));
    }
}
