using System.Reflection;

namespace Mistral.Ilgpu.Server.Models;

/// <summary>The version of the server.</summary>
internal sealed record ServerVersion(string Version)
{
    public static ServerVersion Current { get; } = new(
        typeof(ServerVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion
            .Split('+')[0]);
}
