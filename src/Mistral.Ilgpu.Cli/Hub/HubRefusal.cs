using System.Net;
using Mistral.Ilgpu.Checkpoints.Hub;

namespace Mistral.Ilgpu.Cli.Hub;

/// <summary>Tells why a hub refuses.</summary>
internal static class HubRefusal
{
    public static HubException Of(
        HttpResponseMessage answer, Uri target, HubRepository repository, string revision, bool hasToken)
    {
        string code = answer.Headers.TryGetValues("X-Error-Code", out var values) ? values.FirstOrDefault() ?? "" : "";
        string license = $"accept its licence at https://{target.Host}/{repository}";
        return new HubException((answer.StatusCode, code, hasToken) switch
        {
            (_, "RevisionNotFound", _) => $"{repository}: found no revision '{revision}', expected a branch, a tag or a commit",
            (_, "EntryNotFound", _) => $"{target}: found no such file, expected the one that the hub lists",
            (_, "GatedRepo", false) => $"{repository} is gated: {license}, and set HF_TOKEN to your token",
            (_, "GatedRepo", true) or (HttpStatusCode.Forbidden, _, true) =>
                $"{repository} is gated, and the token has no access: {license}",
            (HttpStatusCode.Forbidden, _, _) => $"{repository} is gated or private: {license}, and set HF_TOKEN to your token",
            (HttpStatusCode.Unauthorized, _, false) =>
                $"{repository}: found no such public repository; if it is gated or private, {license}, "
                + "and set HF_TOKEN to your token",
            (HttpStatusCode.Unauthorized, _, true) =>
                $"{repository}: the hub does not accept the token, expected a valid one in HF_TOKEN",
            (HttpStatusCode.NotFound, _, _) => $"{repository}: found no such repository on {target.Host}",
            _ => $"{target.Host}: found status {(int)answer.StatusCode} ({answer.ReasonPhrase}), expected success",
        });
    }
}
