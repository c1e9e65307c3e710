using Microsoft.AspNetCore.Builder;
using Mistral.Ilgpu.Server;

namespace Mistral.Ilgpu.Tests.Documentation;

/// <summary>The C# of the page of Mistral.Ilgpu.Server, as it stands there.</summary>
internal static class ServerSnippets
{
    public static void Serve(string[] args)
    {
        // <serve>
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddMistralServer();
        var app = builder.Build();
        app.MapMistral();
        app.MapChatPage();      // a page for conversations at /, if you want one
        app.Run();
        // </serve>
    }
}
