using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Model;

/// <summary>Adapters, which come and go between passes.</summary>
internal sealed partial class MistralModel
{
    private readonly AdapterReader _adapterReader;
    private readonly AdaptedGraphs _adapted;

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
        var terms = _adapterReader.Read(options, cancellation);
        var adapter = Upload();
        try
        {
            _adapted.Compile(adapter, cancellation);
            using var entered = Enter();
            _adapted.Add(adapter);
        }
        catch
        {
            using var entered = Device.Enter();
            adapter.Dispose();
            throw;
        }

        AdapterWeights Upload()
        {
            using var entered = Enter();
            return new AdapterWeights(Device, index, terms, MaxTokens);
        }
    }

    /// <summary>Frees an adapter that no text has. For any thread.</summary>
    public void UnloadAdapter(int index)
    {
        using var entered = Enter();
        Device.Synchronize();
        Runner.Forget(1UL << index);
        _adapted.Remove(index);
    }
}
