namespace Mistral.Ilgpu.Cli.Hub;

/// <summary>Where a file is fetched: at the hub, which redirects, and after that where it redirected to.</summary>
internal sealed class HubAddress(Uri hub)
{
    private volatile Uri? _direct;

    /// <summary>The address at the hub.</summary>
    public Uri Hub => hub;

    /// <summary>The address to ask first.</summary>
    public Uri Current => _direct ?? hub;

    public void Remember(Uri direct) => _direct = direct;

    /// <summary>Asks the hub again, because addresses that it redirects to expire.</summary>
    /// <returns>Whether another address was remembered.</returns>
    public bool Forget()
    {
        bool had = _direct is not null && _direct != hub;
        _direct = null;
        return had;
    }
}
