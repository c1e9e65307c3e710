using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Mistral.Ilgpu.Server.Errors;

namespace Mistral.Ilgpu.Server.Loading;

/// <summary>The models as requests name them. A request leases the one that it names, and waits until that is loaded.</summary>
internal sealed class ModelCatalog(ModelResidence residence, IOptions<MistralServerOptions> options, TimeProvider time)
{
    private const string NameItem = "Mistral.Ilgpu.Server.Model";

    public MistralServerOptions Options => options.Value;

    public IReadOnlyList<ModelSlot> Slots => residence.Slots;

    /// <summary>The model that a request has leased; null for none.</summary>
    public static string? NameOf(HttpContext context) => context.Items[NameItem] as string;

    /// <summary>The model of a name or of an adapter's name.</summary>
    /// <param name="name">Null for the first model.</param>
    /// <exception cref="ApiException">There is none of that name.</exception>
    public ModelSlot Find(string? name)
    {
        if (name is null)
        {
            return Slots[0];
        }

        foreach (var slot in Slots)
        {
            if (slot.Name == name || slot.Adapters.Names.ContainsKey(name))
            {
                return slot;
            }
        }

        var names = Slots.SelectMany(slot => slot.Adapters.Names.Keys.Prepend(slot.Name));
        throw new ApiException(
            StatusCodes.Status404NotFound, $"model: found '{name}', expected {string.Join(" or ", names)}", "model",
            "model_not_found");
    }

    /// <summary>Leases a model, which is loaded first if it is not there.</summary>
    /// <param name="name">The request's <c>model</c>; null for the first.</param>
    /// <param name="deadline">How long the request may take, waiting included; null for any time.</param>
    public ValueTask<ModelLease> LeaseAsync(HttpContext context, string? name, TimeSpan? deadline = null)
    {
        var slot = Find(name);
        context.Items[NameItem] = slot.Name;
        return TryLease(slot)
            ? ValueTask.FromResult(new ModelLease(slot, deadline))
            : new ValueTask<ModelLease>(WaitAsync(slot, deadline, context.RequestAborted));
    }

    private async Task<ModelLease> WaitAsync(ModelSlot slot, TimeSpan? deadline, CancellationToken cancellation)
    {
        long begun = time.GetTimestamp();
        slot.BeginWait();
        try
        {
            do
            {
                var load = residence.EnsureAsync(slot);
                await (Left() is { } left ? load.WaitAsync(left, time, cancellation) : load.WaitAsync(cancellation));
            }
            while (!TryLease(slot));

            return new ModelLease(slot, Left());
        }
        catch (TimeoutException)
        {
            throw new ApiException(
                StatusCodes.Status504GatewayTimeout, $"the time of the request was over before '{slot.Name}' was loaded",
                "timeout", "deadline_exceeded");
        }
        finally
        {
            slot.EndWait();
        }

        TimeSpan? Left()
        {
            var left = deadline - time.GetElapsedTime(begun);
            return left < TimeSpan.Zero ? TimeSpan.Zero : left;
        }
    }

    // One of several whose device has failed is loaded again. A single one tells that the process is of no use.
    private bool TryLease(ModelSlot slot)
    {
        if (!slot.TryLease())
        {
            return false;
        }

        if (Slots.Count > 1 && slot.IsFaulted)
        {
            slot.Release();
            return false;
        }

        return true;
    }
}
